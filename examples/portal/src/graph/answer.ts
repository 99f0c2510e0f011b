/** One question of a page, kept up to date: what is known, what is missing, what is old, and when it is asked again. */

import { useCallback, useEffect, useRef, useState } from 'react';
import type { AnyVariables, CombinedError, TypedDocumentNode } from 'urql';
import { useQuery } from 'urql';

import { later, pause } from './again';
import { receivedAt } from './client';
import type { Problem, Stale } from './problems';
import { problemsOf, staleOf } from './problems';

export interface Answer<Data> {
  /** What is known, whole or in part. When the server cannot be reached, what it said last. */
  data: Data | undefined;
  /** When that was said. */
  received: Date | undefined;
  /** The parts that are missing from it. */
  problems: readonly Problem[];
  /** The parts of it that are old. */
  stale: readonly Stale[];
  /** Why there is no newer answer at all. */
  failure: Problem | undefined;
  /** Whether the question is on its way. */
  asking: boolean;
  /** When it will be asked again (milliseconds), if asking again may help. */
  retryAt: number | undefined;
  retry: () => void;
}

interface Known<Data> {
  data: Data;
  received: Date;
  problems: Problem[];
  stale: Stale[];
}

/** Milliseconds after which an answer is renewed when somebody looks at the page again. */
const OLD = 60_000;

/** Seconds at least between tries that the server expects nothing of. */
const RARELY = 15;

/**
 * Asks, and asks again by itself while something is missing that may come back. The variables belong to the component:
 * one that shows something else is another component (give it a `key`).
 */
export function useAnswer<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Answer<Data> {
  const [result, ask] = useQuery<Data, AnyVariables>({ query, variables, requestPolicy: 'cache-and-network' });
  const [known, setKnown] = useState<Known<Data>>();
  if (result.data !== undefined && result.data !== null && result.data !== known?.data) {
    setKnown(read(result.data, result.error, result.extensions));
  }
  const retry = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);

  const asking = result.fetching || result.stale;
  const failure = result.data ? undefined : problemsOf(result.error)[0];
  const problems = known?.problems ?? [];
  const stale = known?.stale ?? [];
  const curable = (failure ? [failure] : problems).filter((problem) => problem.again !== 'never');
  const again = curable.length > 0 || stale.length > 0;
  const soon = stale.length > 0 || curable.some((problem) => problem.again === 'soon');
  const wait = Math.max(soon ? 0 : RARELY, ...curable.map((problem) => problem.retryAfter ?? 0));

  const attempts = useRef(0);
  const [retryAt, setRetryAt] = useState<number>();
  useEffect(() => {
    if (!again) attempts.current = 0;
    if (!again || asking) {
      setRetryAt(undefined);
      return;
    }
    const due = Date.now() + pause(attempts.current++, wait, Math.random());
    setRetryAt(due);
    return later(retry, due);
  }, [result, again, asking, wait, retry]);

  const received = known?.received;
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible' && received && Date.now() - received.getTime() > OLD) retry();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [received, retry]);

  return { data: known?.data, received, problems, stale, failure, asking, retryAt, retry };
}

function read<Data>(data: Data, error: CombinedError | undefined, extensions: Record<string, unknown> | undefined): Known<Data> {
  const received = receivedAt(extensions);
  return { data, received: new Date(received), problems: problemsOf(error), stale: staleOf(extensions, received) };
}
