/**
 * The two answers of the server that the Plan panel shows.
 *
 * `extensions.explain`: asked for with `{"explain": {"run": false}}`; the server plans the operation and runs nothing.
 * `extensions.trace`: asked for with `{"trace": true}`; the server runs the operation and tells what it did.
 */

export interface PlannedOperation {
  /** The backend operation, as in `orders.by_customers`. */
  name: string;
  backend: string;
  /** Where in the query it is needed: `customers.nodes.orders`. */
  field: string;
  /** Null where nothing bounds them: below a list without `first`. */
  callsAtMost: number | null;
  /** With such lists as long as the schema says they are about. */
  callsAbout: number;
  /** Lists have no keys. */
  keysAbout: number | null;
  /** How many keys travel in one call: a batch form, or `single` for one call per key. */
  batch: string;
  /** `ttl` in seconds; `mayAnswer` says that the cache may make the calls unnecessary. */
  cache: { ttl: number | null; mayAnswer: boolean } | null;
}

export interface Level {
  depth: number;
  operations: PlannedOperation[];
}

export interface Warning {
  code: string;
  message: string;
  path: string | null;
}

export interface Explain {
  levels: Level[];
  /** Without any help of the cache; `most` is null where nothing bounds them. */
  calls: { most: number | null; about: number };
  cost: { value: number; limit: number | null };
  scopes: { needed: string[]; missing: string[] };
  refused: { path: string; scopes: string[] }[];
  personal: string[];
  warnings: Warning[];
}

export type Outcome = 'hit' | 'miss' | 'stale' | 'absent' | 'error';

export interface TracedCall {
  backend: string;
  operation: string;
  startMs: number;
  durationMs: number;
  keys: number | null;
  /** How many look-ups shared the call, this one included. */
  shared: number;
  outcome: Outcome;
  attempts: number;
  /** The error's code, for the outcome `error`. */
  code: string | null;
}

export interface Trace {
  durationMs: number;
  calls: TracedCall[];
  cache: { hits: number; misses: number; stale: number };
}

type Told<T> = { [Key in keyof T]?: T[Key] | null };

/**
 * The plan in an answer's extensions, or null where there is none. Parts that are left out read as empty: a panel must
 * not fail for what an older or newer server says.
 */
export function readExplain(extensions: Record<string, unknown> | undefined): Explain | null {
  const told = extensions?.['explain'];
  if (!isObject(told)) return null;
  const { levels, calls, cost, scopes, refused, personal, warnings } = told as Told<Explain>;
  return {
    levels: list(levels).map(({ depth, operations }) => ({ depth, operations: list(operations).map(readOperation) })),
    calls: { most: calls?.most ?? null, about: calls?.about ?? 0 },
    cost: { value: cost?.value ?? 0, limit: cost?.limit ?? null },
    scopes: { needed: texts(scopes?.needed), missing: texts(scopes?.missing) },
    refused: list(refused).map(({ path, scopes: needed }) => ({ path, scopes: texts(needed) })),
    personal: texts(personal),
    warnings: list(warnings).map(({ code, message, path }) => ({ code, message, path: path ?? null })),
  };
}

function readOperation(told: Told<PlannedOperation>): PlannedOperation {
  return {
    name: told.name ?? '',
    backend: told.backend ?? '',
    field: told.field ?? '',
    callsAtMost: told.callsAtMost ?? null,
    callsAbout: told.callsAbout ?? 0,
    keysAbout: told.keysAbout ?? null,
    batch: told.batch ?? 'single',
    cache: told.cache ?? null,
  };
}

/** The trace in an answer's extensions, or null where there is none; lenient as `readExplain`. */
export function readTrace(extensions: Record<string, unknown> | undefined): Trace | null {
  const told = extensions?.['trace'];
  if (!isObject(told)) return null;
  const { durationMs, calls, cache } = told as Told<Trace>;
  return {
    durationMs: durationMs ?? 0,
    calls: list(calls).map(readCall),
    cache: { hits: cache?.hits ?? 0, misses: cache?.misses ?? 0, stale: cache?.stale ?? 0 },
  };
}

function readCall(told: Told<TracedCall>): TracedCall {
  return {
    backend: told.backend ?? '',
    operation: told.operation ?? '',
    startMs: told.startMs ?? 0,
    durationMs: told.durationMs ?? 0,
    keys: told.keys ?? null,
    shared: told.shared ?? 1,
    outcome: told.outcome ?? 'miss',
    attempts: told.attempts ?? 1,
    code: told.code ?? null,
  };
}

function list<T extends object>(told: T[] | null | undefined): T[] {
  return Array.isArray(told) ? told.filter(isObject) : [];
}

function texts(told: string[] | null | undefined): string[] {
  return Array.isArray(told) ? told.map(String) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
