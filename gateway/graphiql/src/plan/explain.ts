/** Asks the server how it would run an operation, without running it. */

import { parse } from 'graphql';

import type { Answer, GraphQLError, Operation } from '../transport/http';
import { postOnce } from '../transport/http';
import type { Explain } from './contract';
import { readExplain } from './contract';
import type { Problem } from './store';

export const explainScope = 'ops:explain';

export type Verdict = { plan: Explain } | { problem: Problem };

/** The plan of an operation, or why there is none. Raises only when `signal` aborts. */
export async function explain(
  endpoint: string,
  operation: Operation,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Verdict> {
  const question = { ...operation, extensions: { explain: { run: false } } };
  return judge(await postOnce(endpoint, question, headers, signal));
}

/** What an answer to the question means. */
export function judge(answer: Answer): Verdict {
  const plan = readExplain(answer.extensions);
  if (plan !== null) return { plan };
  const [error] = answer.errors ?? [];
  // Data says that the server ran what it was asked only to explain.
  if (error === undefined || 'data' in answer) return { problem: { kind: 'unsupported' } };
  if (error.extensions?.['code'] === 'FORBIDDEN') {
    return { problem: { kind: 'refused', scope: missingScope(error), message: error.message } };
  }
  return { problem: { kind: 'invalid', message: error.message } };
}

function missingScope(error: GraphQLError): string {
  const scopes = error.extensions?.['scopes'];
  return Array.isArray(scopes) && scopes.length > 0 ? scopes.join(', ') : explainScope;
}

/** Says why a text is not worth asking about, `null` when it is. An empty editor holds no problem and no operation. */
export function unready(query: string): Problem | 'empty' | null {
  try {
    parse(query);
    return null;
  } catch (error) {
    const bare = query.replaceAll(/#.*/g, '').trim();
    if (bare === '') return 'empty';
    return { kind: 'invalid', message: error instanceof Error ? error.message : String(error) };
  }
}
