/** Where the bars of the waterfall go, and how numbers read. Pure, so that it is tested without a browser. */

import type { Trace, TracedCall } from './contract';

/** How many colours the style sheet has for backends. */
export const seriesCount = 8;

export interface Bar {
  call: TracedCall;
  /** Percent of the track's width. */
  left: number;
  width: number;
}

export interface Tick {
  ms: number;
  left: number;
}

export interface Waterfall {
  bars: Bar[];
  ticks: Tick[];
}

/** Bars in the order in which the calls began. The track ends with the request or its last call, whichever is later. */
export function waterfall(trace: Trace): Waterfall {
  const end = Math.max(trace.durationMs, ...trace.calls.map((call) => call.startMs + call.durationMs), 0.1);
  const bars = trace.calls
    .toSorted((one, other) => one.startMs - other.startMs)
    .map((call) => ({ call, left: (100 * call.startMs) / end, width: (100 * call.durationMs) / end }));
  return { bars, ticks: ticks(end) };
}

/** At most five round marks: 1, 2 or 5 times a power of ten apart, beginning at 0. */
function ticks(end: number): Tick[] {
  const rough = end / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= rough) ?? end;
  const count = Math.floor(end / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => ({ ms: index * step, left: (100 * index * step) / end }));
}

/** Colour numbers of backends, given in the order in which they are first seen and kept for the page's life. */
export class Palette {
  readonly #numbers = new Map<string, number>();

  of(backend: string): number {
    const known = this.#numbers.get(backend);
    if (known !== undefined) return known;
    const number = this.#numbers.size % seriesCount;
    this.#numbers.set(backend, number);
    return number;
  }
}

/** `up to 500` where that is the most, `about 500` where nothing bounds it. */
export function bound(most: number | null, about: number): string {
  return most === null ? `about ${count(about)}` : `up to ${count(most)}`;
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

const grouped = new Intl.NumberFormat('en');

export function count(number: number): string {
  return grouped.format(number);
}

/** Milliseconds with as many decimals as the eye can use: `0.4 ms`, `12 ms`, `1.25 s`. */
export function duration(ms: number): string {
  if (ms >= 1000) return unit(Number((ms / 1000).toFixed(2)), 's');
  return unit(Number(ms.toFixed(ms < 10 ? 1 : 0)), 'ms');
}

/** Seconds as people write a TTL: `90 s`, `5 min`, `2 h`. */
export function seconds(ttl: number): string {
  if (ttl >= 3600 && ttl % 3600 === 0) return unit(ttl / 3600, 'h');
  if (ttl >= 60 && ttl % 60 === 0) return unit(ttl / 60, 'min');
  return unit(ttl, 's');
}

function unit(number: number, symbol: string): string {
  return `${number}\u00a0${symbol}`; // no line breaks between a number and its unit
}
