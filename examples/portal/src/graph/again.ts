/** When to ask again after something was missing. */

const FIRST = 2_000;
const LONGEST = 60_000;

/**
 * Milliseconds to wait before try number `attempt` (from 0): 2, 4, 8 … 60 seconds, a quarter more or less by chance, so
 * that the browsers of all customers do not come back at the same moment. Never sooner than `retryAfter` seconds, which
 * the server asks for.
 */
export function pause(attempt: number, retryAfter: number, chance: number): number {
  const doubled = Math.min(FIRST * 2 ** attempt, LONGEST);
  return Math.max(doubled * (0.75 + chance / 2), retryAfter * 1000);
}

/** Runs `action` at the time `due`, or when somebody looks at the page after that. Returns how to call it off. */
export function later(action: () => void, due: number): () => void {
  let timer = window.setTimeout(visible, due - Date.now());
  function visible() {
    if (document.visibilityState === 'visible') action();
    else document.addEventListener('visibilitychange', visible, { once: true });
  }
  function online() {
    window.clearTimeout(timer);
    timer = window.setTimeout(visible, 0);
  }
  window.addEventListener('online', online, { once: true });
  return () => {
    window.clearTimeout(timer);
    document.removeEventListener('visibilitychange', visible);
    window.removeEventListener('online', online);
  };
}
