/** Addresses of the pages, after the `#`: the server needs to know none of them. */

import { useSyncExternalStore } from 'react';

export interface Route {
  /** The page: '' is where one starts. */
  page: string;
  id: string | null;
  query: URLSearchParams;
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(listen, () => location.hash));
}

function listen(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', id, ...rest] = path.split('/').map(decoded);
  return { page: rest.length > 0 ? path : page, id: id || null, query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign is itself
  }
}

/** The address of a page, or of one record on it, for `href`. */
export function to(page: string, id?: string): string {
  return id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id).replaceAll('%3A', ':')}`;
}

/** Notes what is looked for in the address, without a step back for every letter. */
export function noteQuery(page: string, query: Record<string, string>): void {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  history.replaceState(null, '', `${to(page)}${text && `?${text}`}`);
  window.dispatchEvent(new HashChangeEvent('hashchange')); // the browser says it of links only
}
