import { expect, test } from 'vitest';

import { parse, to } from './router';

test('an address leads back to what it was made of', () => {
  expect(to('orders', 'Order:o/7')).toBe('#/orders/Order:o%2F7');
  expect(parse(to('orders', 'Order:o/7'))).toMatchObject({ page: 'orders', id: 'Order:o/7' });
  expect(parse('#/office?text=M%C3%BCller').query.get('text')).toBe('Müller');
});

test('any address is a page, if only one that is not there', () => {
  expect(parse('')).toMatchObject({ page: '', id: null });
  expect(parse('#/orders/')).toMatchObject({ page: 'orders', id: null });
  expect(parse('#/orders/100%')).toMatchObject({ page: 'orders', id: '100%' });
  expect(parse('#/a/b/c').page).toBe('a/b/c');
});
