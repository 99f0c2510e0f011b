/** GraphQL over HTTP: one request, one answer or the parts of a multipart answer (@defer, @stream). */

import { meros } from 'meros/browser';

export interface Operation {
  query: string;
  operationName?: string | null | undefined;
  variables?: unknown;
  extensions?: Record<string, unknown>;
}

export interface GraphQLError {
  message: string;
  path?: (string | number)[];
  extensions?: Record<string, unknown>;
}

export interface Answer {
  data?: unknown;
  errors?: GraphQLError[];
  extensions?: Record<string, unknown>;
}

const accept = 'application/graphql-response+json, application/json;q=0.9, multipart/mixed;q=0.8';

/**
 * Posts an operation and yields its answers. Whatever keeps a GraphQL answer from arriving (no connection, a proxy's
 * page) is yielded as an error in GraphQL's shape; only an abort through `signal` is thrown.
 */
export async function* post(
  endpoint: string,
  operation: Operation,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<Answer | Answer[], void, void> {
  let response: Response;
  try {
    response = await fetch(new URL(endpoint, document.baseURI), {
      method: 'POST',
      headers: { accept, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(operation),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    yield problem(`No answer from ${endpoint}: ${error instanceof Error ? error.message : String(error)}.`);
    return;
  }
  const parts = await meros<Answer>(response, { multiple: true });
  if (parts instanceof Response) {
    yield await single(parts);
    return;
  }
  for await (const chunk of parts) {
    yield chunk.map((part) => (part.json ? part.body : problem('A part of the answer is not JSON.')));
  }
}

/** Posts an operation and returns its answer; of a multipart answer, the first part. */
export async function postOnce(
  endpoint: string,
  operation: Operation,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer> {
  for await (const answer of post(endpoint, operation, headers, signal)) {
    const first = Array.isArray(answer) ? answer[0] : answer;
    if (first !== undefined) return first;
  }
  return problem('The answer is empty.');
}

async function single(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer;
  } catch {
    const type = response.headers.get('content-type') ?? 'no content type';
    return problem(`The server answered ${response.status} with ${type} in place of JSON.`);
  }
}

function problem(message: string): Answer {
  return { errors: [{ message }] };
}

/** Whether the server refused the request before running anything of it: no `data` at all, and this code. */
export function refused(answer: Answer, code: string): boolean {
  return !('data' in answer) && answer.errors?.some((error) => error.extensions?.['code'] === code) === true;
}
