import { expect, test } from 'vitest';

import { count, daysSince, money, quantity } from './format';

test('amounts stay exact, however large they are', () => {
  expect(money({ amount: '90071992547409931.10', currency: 'EUR' })).toMatch(/90.?071.?992.?547.?409.?931.10/);
  expect(money({ amount: '-0.005', currency: 'USD' })).toContain('0.005');
});

test('a currency that nobody knows is written as it came', () => {
  expect(money({ amount: '5.00', currency: 'points' })).toBe('5.00 points');
});

test('quantities may be fractions', () => {
  expect(quantity('73.625')).toBe('73.625');
  expect(count(1, 'order', 'orders')).toBe('1 order');
});

test('days are counted as calendars do', () => {
  expect(daysSince('2026-11-20', Date.parse('2026-11-21T00:00:01Z'))).toBe(1);
});
