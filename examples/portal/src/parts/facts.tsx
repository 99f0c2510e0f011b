/** Small pieces that every page is made of: labelled values, states, amounts. */

import type { ReactNode } from 'react';

import { money } from '../format';
import type { MoneyPartsFragment } from '../graph/generated';
import type { Tone } from '../words';

export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

/** A labelled value; left out where there is none. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  if (children === null || children === undefined) return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function State({ of, words }: { of: string | null; words: Record<string, [string, Tone]> }) {
  if (of === null) return null;
  const [text, tone] = words[of] ?? [of, 'plain']; // a state that is newer than this page
  return <span className={`state state-${tone}`}>{text}</span>;
}

export function Amount({ of, strong = false }: { of: MoneyPartsFragment | null; strong?: boolean }) {
  if (of === null) return <span className="none">not told</span>;
  return <span className={strong ? 'amount amount-strong' : 'amount'}>{money(of)}</span>;
}
