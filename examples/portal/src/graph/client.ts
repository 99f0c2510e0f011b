/** The GraphQL client of one session. Another session gets another client, so that nothing of the former one is left. */

import type { Client } from 'urql';
import { cacheExchange, createClient, fetchExchange, mapExchange } from 'urql';

import type { Identity } from '../session/identity';

const endpoint = import.meta.env.VITE_GRAPHQL_URL ?? '../graphql';

/** The gateway answers by then with what it has. What is late is missing at first, and comes with the next try. */
const DEADLINE = '3s';
/** Milliseconds after which the gateway itself counts as out of reach. */
const PATIENCE = 10_000;

export function clientOf(identity: Identity, onEnd: () => void): Client {
  return createClient({
    url: new URL(endpoint, document.baseURI).href,
    preferGetMethod: false, // variables name people; addresses are logged on their way
    fetchOptions: () => ({ headers: { authorization: `Bearer ${identity.token()}`, 'x-request-timeout': DEADLINE } }),
    fetch: (input, init) => fetch(input, { ...init, signal: patient(init?.signal) }),
    exchanges: [
      mapExchange({
        onError(error) {
          if (error.graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')) onEnd();
        },
      }),
      cacheExchange,
      // Below the cache, so that an answer out of the cache still says when it came.
      mapExchange({
        onResult: (result) => ({ ...result, extensions: { ...result.extensions, [RECEIVED]: Date.now() } }),
      }),
      fetchExchange,
    ],
  });
}

const RECEIVED = 'receivedAt';

/** When an answer of this client came, in milliseconds. */
export function receivedAt(extensions: Record<string, unknown> | undefined): number {
  return Number(extensions?.[RECEIVED]);
}

function patient(signal: AbortSignal | null | undefined): AbortSignal {
  const patience = AbortSignal.timeout(PATIENCE);
  return signal ? AbortSignal.any([signal, patience]) : patience;
}
