/** How GraphiQL's own requests (runs and introspection) reach the server. */

import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
import type { ExecutionResult, OperationDefinitionNode } from 'graphql';
import { Kind, parse } from 'graphql';

import type { Config } from '../config';
import { planStore, noteRun, noteTraceRefused } from '../plan/store';
import { requestHeaders, session } from '../session';
import type { Answer, Operation } from './http';
import { post, refused } from './http';

/** Stopping a run aborts its request. While the Plan panel is open, runs ask for their trace. */
export function createFetcher(config: Config): Fetcher {
  return (params, options) =>
    // GraphiQL types single results; it also takes the arrays of parts that incremental delivery yields.
    cancellable((signal) => answers(config, params, options, signal)) as AsyncIterable<ExecutionResult>;
}

async function* answers(
  config: Config,
  { query, operationName, variables }: FetcherParams,
  options: FetcherOpts | undefined,
  signal: AbortSignal,
): AsyncGenerator<Answer | Answer[], void, void> {
  const headers = requestHeaders(session.getState().token, options?.headers);
  const chosen = chosenOperation(query, operationName);
  const operation: Operation = { query, operationName: chosen ? chosen.name?.value : operationName, variables };

  if (chosen?.operation === 'subscription' && config.subscriptionUrl !== null) {
    const { subscribe } = await import('./subscriptions');
    yield* subscribe(config.subscriptionUrl, operation, headers, signal);
    return;
  }
  // Introspection comes without a document; it is nobody's run.
  if (options?.documentAST === undefined || !tracing()) {
    yield* post(config.endpoint, operation, headers, signal);
    return;
  }
  for await (const answer of post(config.endpoint, { ...operation, extensions: { trace: true } }, headers, signal)) {
    if (!Array.isArray(answer) && refused(answer, 'FORBIDDEN')) {
      // Nothing ran. It may be the trace alone that this token must not see, so the run is asked for without it.
      noteTraceRefused();
      yield* post(config.endpoint, operation, headers, signal);
      return;
    }
    noteRun(operation.operationName ?? null, answer);
    yield answer;
  }
}

/**
 * The operation that a run means. GraphiQL learns an operation's name a moment after it was typed or pasted; a name
 * that the text no longer holds is not meant where there is but one operation.
 */
function chosenOperation(query: string, name: string | null | undefined): OperationDefinitionNode | undefined {
  let operations: OperationDefinitionNode[];
  try {
    operations = parse(query).definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return undefined; // the server says what is wrong with it
  }
  return operations.find((operation) => operation.name?.value === name) ?? (operations.length === 1 ? operations[0] : undefined);
}

function tracing(): boolean {
  const { open, run } = planStore.getState();
  return open && run.status !== 'refused';
}

function cancellable<T>(start: (signal: AbortSignal) => AsyncGenerator<T, void, void>): AsyncIterableIterator<T> {
  const controller = new AbortController();
  const source = start(controller.signal);
  return {
    async next() {
      try {
        return await source.next();
      } catch (error) {
        if (controller.signal.aborted) return { done: true, value: undefined };
        throw error;
      }
    },
    return() {
      controller.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
