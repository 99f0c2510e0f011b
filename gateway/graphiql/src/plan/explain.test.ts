import { describe, expect, it } from 'vitest';

import type { Answer } from '../transport/http';
import { refused } from '../transport/http';
import { readExplain, readTrace } from './contract';
import { judge, unready } from './explain';

function error(message: string, code?: string, more: Record<string, unknown> = {}): Answer {
  return { errors: [{ message, ...(code !== undefined && { extensions: { code, ...more } }) }] };
}

describe('judge', () => {
  it('takes the plan out of the answer', () => {
    const verdict = judge({ extensions: { explain: { levels: [], cost: { value: 7, limit: 100 } } } });
    expect(verdict).toMatchObject({ plan: { cost: { value: 7, limit: 100 }, calls: { most: null, about: 0 }, warnings: [] } });
  });

  it('keeps a plan that comes with errors of refused fields', () => {
    expect(judge({ ...error('Needs orders:read', 'FORBIDDEN'), extensions: { explain: { levels: [] } } })).toHaveProperty('plan');
  });

  it('names the missing scope that the server names', () => {
    const verdict = judge(error('No.', 'FORBIDDEN', { scopes: ['ops:look'] }));
    expect(verdict).toEqual({ problem: { kind: 'refused', scope: 'ops:look', message: 'No.' } });
  });

  it('names ops:explain where the server names no scope', () => {
    expect(judge(error('No.', 'FORBIDDEN'))).toMatchObject({ problem: { scope: 'ops:explain' } });
  });

  it('reads an answer with data as that of a server which ran the operation', () => {
    expect(judge({ data: { me: null } })).toEqual({ problem: { kind: 'unsupported' } });
    expect(judge({ data: null, ...error('Needs customers:read', 'FORBIDDEN') })).toEqual({ problem: { kind: 'unsupported' } });
    expect(judge({})).toEqual({ problem: { kind: 'unsupported' } });
  });

  it('passes on why an operation has no plan', () => {
    expect(judge(error('Cannot query field "nme".'))).toEqual({ problem: { kind: 'invalid', message: 'Cannot query field "nme".' } });
    expect(judge(error('The token has expired.', 'UNAUTHENTICATED'))).toMatchObject({ problem: { kind: 'invalid' } });
  });
});

describe('unready', () => {
  it.each(['{ me { name } }', 'query A { a } query B { b }', '# a comment\n{ a }'])('lets %j be asked about', (query) => {
    expect(unready(query)).toBeNull();
  });

  it.each(['', '  \n', '# only a comment\n'])('finds no operation in %j', (query) => {
    expect(unready(query)).toBe('empty');
  });

  it('says why half a query is not asked about', () => {
    expect(unready('{ me {')).toMatchObject({ kind: 'invalid', message: expect.stringContaining('Syntax Error') });
  });
});

describe('what the server leaves out', () => {
  it('is empty in a plan', () => {
    const plan = readExplain({ explain: { levels: [{ depth: 0, operations: [{ name: 'crm.list', backend: 'crm', field: 'customers' }] }] } });
    expect(plan?.levels[0]?.operations[0]).toEqual({
      name: 'crm.list',
      backend: 'crm',
      field: 'customers',
      callsAtMost: null,
      callsAbout: 0,
      keysAbout: null,
      batch: 'single',
      cache: null,
    });
  });

  it('is empty in a trace', () => {
    const trace = readTrace({ trace: { durationMs: 3, calls: [{ backend: 'crm', operation: 'crm.list', startMs: 1, durationMs: 2 }] } });
    expect(trace?.calls[0]).toMatchObject({ keys: null, shared: 1, attempts: 1, code: null });
    expect(trace?.cache).toEqual({ hits: 0, misses: 0, stale: 0 });
  });

  it('is empty where it is of another kind than agreed', () => {
    const plan = readExplain({ explain: { levels: {}, scopes: [], refused: 'all', warnings: [null], personal: 1 } });
    expect(plan).toMatchObject({ levels: [], scopes: { needed: [], missing: [] }, refused: [], warnings: [], personal: [] });
    expect(readTrace({ trace: { calls: 'many' } })?.calls).toEqual([]);
  });

  it('is no plan and no trace at all without the extension', () => {
    expect([readExplain(undefined), readExplain({}), readTrace({ trace: null })]).toEqual([null, null, null]);
  });
});

describe('refused', () => {
  it('is true only where nothing ran', () => {
    const refusal = error('No.', 'FORBIDDEN');
    expect(refused(refusal, 'FORBIDDEN')).toBe(true);
    expect(refused({ data: null, ...refusal }, 'FORBIDDEN')).toBe(false);
    expect(refused(error('No.', 'UNAUTHENTICATED'), 'FORBIDDEN')).toBe(false);
  });
});
