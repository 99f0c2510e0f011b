/** What an answer does not hold and why, and what of it is old, as the gateway tells it in `extensions`. */

import type { CombinedError } from 'urql';

/** Response keys without list indices: the gateway tells five hundred equal errors as one. */
export type Path = readonly string[];

export interface Problem {
  /** Which part of the answer is missing; empty when there is no answer at all. */
  path: Path;
  code: string;
  backend: string | null;
  /** When asking again may help: soon, says the server; one day, as somebody mends it; or never, as the request is at fault. */
  again: 'soon' | 'later' | 'never';
  /** Seconds to wait before that, where the server says so. */
  retryAfter: number | null;
  /** Scopes that the token lacks. */
  missing: readonly string[];
  /** Leads an operator to the line in the gateway's log. */
  reference: string | null;
}

export interface Stale {
  /** Which part of the answer is old; empty where that is not told. */
  path: Path;
  backend: string;
  /** When the system of record said this last. */
  since: Date;
  /** Whether the system failed; otherwise a newer value is on its way. */
  failed: boolean;
}

/** No answer came, or none that is GraphQL: the code is ours, the gateway has no such. */
export const NO_ANSWER = 'NO_ANSWER';

/** What another try of the same caller cannot change. */
const lasting = new Set(['FORBIDDEN', 'UNAUTHENTICATED', 'BAD_USER_INPUT', 'OPERATION_TOO_LARGE', 'NOT_CONFIGURED']);

/** Every problem of an answer. Errors without a path concern all of it. */
export function problemsOf(error: CombinedError | undefined): Problem[] {
  if (error === undefined) return [];
  if (error.graphQLErrors.length === 0) {
    return [{ path: [], code: NO_ANSWER, backend: null, again: 'soon', retryAfter: null, missing: [], reference: null }];
  }
  return error.graphQLErrors.map(({ path, extensions }) => {
    const code = text(extensions['code']) ?? 'INTERNAL';
    return {
      path: (path ?? []).filter((part) => typeof part === 'string'),
      code,
      backend: text(extensions['backend']),
      again: extensions['retryable'] === true ? 'soon' : lasting.has(code) ? 'never' : 'later',
      retryAfter: typeof extensions['retryAfter'] === 'number' ? extensions['retryAfter'] : null,
      missing: texts(extensions['missing']),
      reference: text(extensions['correlationId']),
    };
  });
}

/** What of an answer that came at `received` (milliseconds) is older than it should be. */
export function staleOf(extensions: Record<string, unknown> | undefined, received: number): Stale[] {
  const told = extensions?.['stale'];
  if (!Array.isArray(told)) return [];
  return told.map((entry: Record<string, unknown>) => ({
    path: texts(entry['path']),
    backend: text(entry['backend']) ?? '',
    since: new Date(received - 1000 * (Number(entry['age']) || 0)),
    failed: entry['reason'] === 'error',
  }));
}

/** Whether the part at `inner` lies in the one at `outer`, or is it. */
export function contains(outer: Path, inner: Path): boolean {
  return outer.length <= inner.length && outer.every((key, index) => key === inner[index]);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
