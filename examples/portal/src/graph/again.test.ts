import { expect, test } from 'vitest';

import { pause } from './again';

test('tries come ever more rarely, and never more than about a minute apart', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => pause(attempt, 0, 0.5) / 1000)).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
});

test('browsers do not come back all at once', () => {
  expect([pause(0, 0, 0), pause(0, 0, 1)]).toEqual([1_500, 2_500]);
});

test('the server is not asked before the time it names', () => {
  expect(pause(0, 30, 0)).toBe(30_000);
});
