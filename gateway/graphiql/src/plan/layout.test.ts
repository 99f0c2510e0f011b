import { describe, expect, it } from 'vitest';

import type { Trace, TracedCall } from './contract';
import { bound, count, duration, Palette, plural, seconds, seriesCount, waterfall } from './layout';

function call(startMs: number, durationMs: number, operation = 'orders.by_customers'): TracedCall {
  return { backend: 'shop', operation, startMs, durationMs, keys: 3, shared: 1, outcome: 'miss', attempts: 1, code: null };
}

function trace(durationMs: number, ...calls: TracedCall[]): Trace {
  return { durationMs, calls, cache: { hits: 0, misses: 0, stale: 0 } };
}

const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

describe('waterfall', () => {
  it('places bars in percent of the whole request', () => {
    const { bars } = waterfall(trace(80, call(20, 40)));
    expect(bars).toMatchObject([{ left: 25, width: 50 }]);
  });

  it('orders bars by their start and leaves the trace as it was', () => {
    const given = trace(10, call(5, 1, 'later'), call(1, 1, 'sooner'));
    expect(waterfall(given).bars.map((bar) => bar.call.operation)).toEqual(['sooner', 'later']);
    expect(given.calls[0]?.operation).toBe('later');
  });

  it('keeps a call that outlives the request on the track', () => {
    const { bars } = waterfall(trace(10, call(0, 40)));
    expect(bars).toMatchObject([{ left: 0, width: 100 }]);
  });

  it.each([
    [71.3, [0, 20, 40, 60]],
    [100, [0, 50, 100]],
    [4, [0, 1, 2, 3, 4]],
    [0.9, [0, 0.5]],
    [1234, [0, 500, 1000]],
  ])('marks %d ms in round steps', (end, expected) => {
    const { ticks } = waterfall(trace(end));
    expect(ticks.map((tick) => tick.ms)).toEqual(expected);
    for (const { ms, left } of ticks) expect(left).toBeCloseTo((100 * ms) / end);
  });

  it('never has more than five marks, and none beyond the track', () => {
    for (let end = 0.01; end < 1e6; end *= 1.37) {
      const { ticks } = waterfall(trace(end));
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(5);
      expect(ticks.at(-1)?.left).toBeLessThanOrEqual(100 + 1e-6);
    }
  });

  it('draws an empty trace without dividing by zero', () => {
    const { bars, ticks } = waterfall(trace(0, call(0, 0)));
    expect([...bars.map((bar) => bar.left), ...ticks.map((tick) => tick.left)].every(Number.isFinite)).toBe(true);
  });
});

describe('Palette', () => {
  it('gives a backend the same colour for as long as the page lives', () => {
    const palette = new Palette();
    expect([palette.of('shop'), palette.of('crm'), palette.of('shop')]).toEqual([0, 1, 0]);
  });

  it('begins again after its last colour', () => {
    const palette = new Palette();
    const numbers = Array.from({ length: seriesCount + 1 }, (_, index) => palette.of(`backend ${index}`));
    expect(numbers.at(-1)).toBe(0);
  });
});

describe('numbers as people read them', () => {
  it.each([
    [1007, 1007, 'up to 1,007'],
    [null, 500, 'about 500'],
  ])('bounds by %s, about %s', (most, about, text) => expect(bound(most, about)).toBe(text));

  it.each([
    [0, '0 ms'],
    [0.44, '0.4 ms'],
    [9.96, '10 ms'],
    [71.3, '71 ms'],
    [1254, '1.25 s'],
    [2000, '2 s'],
  ])('shows %d ms', (ms, text) => expect(spaced(duration(ms))).toBe(text));

  it.each([
    [45, '45 s'],
    [90, '90 s'],
    [300, '5 min'],
    [7200, '2 h'],
  ])('shows a TTL of %d s', (ttl, text) => expect(spaced(seconds(ttl))).toBe(text));

  it('groups thousands and writes plurals', () => {
    expect([count(1234567), plural(1, 'key'), plural(1200, 'key')]).toEqual(['1,234,567', '1 key', '1,200 keys']);
  });
});
