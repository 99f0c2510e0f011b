import { CombinedError } from 'urql';
import { expect, test } from 'vitest';

import { contains, NO_ANSWER, problemsOf, staleOf } from './problems';

test('an error of the gateway keeps its place without indices, and what one can do about it', () => {
  const error = new CombinedError({
    graphQLErrors: [
      {
        message: 'warehouse answered HTTP 503',
        path: ['orders', 'nodes', 0, 'lines', 3, 'product'],
        extensions: { code: 'BACKEND_UNAVAILABLE', backend: 'warehouse', retryable: true, retryAfter: 3, correlationId: 'c1', count: 9 },
      },
    ],
  });
  expect(problemsOf(error)).toEqual([
    {
      path: ['orders', 'nodes', 'lines', 'product'],
      code: 'BACKEND_UNAVAILABLE',
      backend: 'warehouse',
      again: 'soon',
      retryAfter: 3,
      missing: [],
      reference: 'c1',
    },
  ]);
});

test('a fault may be mended one day, a refusal is for good', () => {
  const told = (code: string) => ({ message: code, path: ['me'], extensions: { code, retryable: false } });
  const error = new CombinedError({ graphQLErrors: ['Something broke', told('BACKEND_CONTRACT'), told('FORBIDDEN')] });
  expect(problemsOf(error)).toMatchObject([
    { path: [], code: 'INTERNAL', again: 'later' },
    { path: ['me'], code: 'BACKEND_CONTRACT', again: 'later' },
    { path: ['me'], code: 'FORBIDDEN', again: 'never' },
  ]);
});

test('no answer is worth another try', () => {
  const error = new CombinedError({ networkError: new TypeError('Failed to fetch') });
  expect(problemsOf(error)).toMatchObject([{ path: [], code: NO_ANSWER, again: 'soon' }]);
});

test('old parts say since when they have not changed', () => {
  const told = { path: ['invoices'], age: 90.5, reason: 'error', backend: 'accounting', operation: 'invoices.by_customers' };
  expect(staleOf({ stale: [told] }, 1_000_000)).toEqual([
    { path: ['invoices'], backend: 'accounting', since: new Date(1_000_000 - 90_500), failed: true },
  ]);
  expect(staleOf(undefined, 0)).toEqual([]);
});

test('a part contains itself and what lies in it', () => {
  expect(contains(['me'], ['me'])).toBe(true);
  expect(contains(['me'], ['me', 'balance'])).toBe(true);
  expect(contains(['me', 'balance'], ['me'])).toBe(false);
  expect(contains(['me'], ['orders'])).toBe(false);
});
