/** Who the page speaks as: the chosen token, and the headers that follow from it. */

import { createStore } from 'zustand/vanilla';

import type { Token } from './config';

export const session = createStore<{ token: Token | null }>()(() => ({ token: null }));

/** The headers of a request. An Authorization header typed into the headers editor wins over the chosen token. */
export function requestHeaders(token: Token | null, edited: Record<string, unknown> = {}): Record<string, string> {
  const headers: Record<string, string> = {};
  if (token !== null && !setsAuthorization(edited)) headers['authorization'] = `Bearer ${token.token}`;
  for (const [name, value] of Object.entries(edited)) headers[name.toLowerCase()] = String(value);
  return headers;
}

export function setsAuthorization(edited: Record<string, unknown>): boolean {
  return Object.keys(edited).some((name) => name.toLowerCase() === 'authorization');
}
