/** Subscriptions over a WebSocket (graphql-transport-ws); a module of its own, loaded with the first subscription. */

import { createClient } from 'graphql-ws';

import type { Answer, Operation } from './http';

/** Yields the events of a subscription; `headers` travel in connection_init. */
export async function* subscribe(
  url: string,
  operation: Operation,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<Answer, void, void> {
  const address = new URL(url, document.baseURI);
  address.protocol = address.protocol.replace(/^http/, 'ws');
  const client = createClient({ url: address.href, connectionParams: headers, retryAttempts: 0 });
  const stop = () => void client.dispose();
  signal.addEventListener('abort', stop);
  try {
    const { query, operationName, variables } = operation;
    yield* client.iterate({
      query,
      operationName,
      variables: variables as Record<string, unknown> | null | undefined,
    }) as AsyncIterableIterator<Answer>;
  } catch (error) {
    if (!(error instanceof CloseEvent)) throw error;
    throw new Error(`The connection was closed: ${error.code} ${error.reason}`.trim(), { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
