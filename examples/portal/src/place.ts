/** Where one was on a page: kept with its entry in the browser's history, so that the way back leads there again. */

interface Place {
  /** How far down, in pixels; set as soon as the entry has been seen. */
  top?: number;
  /** The cursors of further pages that were asked for, by the name of the list. */
  lists?: Record<string, readonly string[]>;
}

function place(): Place {
  return (history.state as Place | null) ?? {};
}

function note(change: Place): void {
  history.replaceState({ ...place(), ...change }, '');
}

/**
 * Shows a page that was just opened: at its top when it is new, where one had left it on the way back. What is further
 * down comes a moment later, so the page is followed as it grows, until somebody moves it. Returns how to stop.
 */
export function arrive(): () => void {
  const top = place().top ?? 0;
  const grown = new ResizeObserver(() => move());
  const stop = () => {
    grown.disconnect();
    for (const sign of MOVES) window.removeEventListener(sign, stop);
  };
  const move = () => {
    window.scrollTo(0, top);
    if (window.scrollY >= Math.floor(top)) stop();
  };
  for (const sign of MOVES) window.addEventListener(sign, stop, { passive: true });
  grown.observe(document.body);
  move();
  note({ top });
  return stop;
}

const MOVES = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;

/** Remembers how far down one is. Returns how to stop. */
export function followScrolling(): () => void {
  const noted = () => note({ top: window.scrollY });
  let timer = 0;
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(noted, 100);
  };
  window.addEventListener('scroll', later, { passive: true });
  // A link leads away before the pause is over.
  window.addEventListener('click', noted, { capture: true });
  return () => {
    window.clearTimeout(timer);
    window.removeEventListener('scroll', later);
    window.removeEventListener('click', noted, { capture: true });
  };
}

export function knownCursors(list: string): readonly string[] {
  return place().lists?.[list] ?? [];
}

export function noteCursors(list: string, cursors: readonly string[]): void {
  note({ lists: { ...place().lists, [list]: cursors } });
}
