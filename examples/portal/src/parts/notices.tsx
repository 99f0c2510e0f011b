/** What a page says about what is missing and what is old. */

import { useEffect, useLayoutEffect, useRef, useState } from 'react';

import { moment } from '../format';
import type { Answer } from '../graph/answer';
import type { Path, Problem, Stale } from '../graph/problems';
import { partsNamed, reason, system } from '../words';

interface MissingProps {
  /** The part as a whole is missing, not something within it. */
  whole: boolean;
  title: string;
  at: Path;
  problems: readonly Problem[];
  answer: Answer<unknown>;
}

export function Missing({ whole, title, at, problems, answer }: MissingProps) {
  const causes = new Map<string, Problem[]>();
  for (const problem of problems) {
    const cause = reason(problem);
    causes.set(cause, [...(causes.get(cause) ?? []), problem]);
  }
  return [...causes].map(([cause, alike]) => {
    const what = whole ? title : partsNamed(alike.map(({ path }) => path.slice(at.length)));
    const references = new Set(alike.map(({ reference }) => reference).filter((reference) => reference !== null));
    return (
      <div key={cause} className="notice notice-warn">
        <p>
          <strong>{whole ? `${what}: not available right now.` : `${what}: missing here.`}</strong> {cause}
        </p>
        {/* Not live: what changes here with every try would be read out with every try. */}
        <div className="remedy" aria-live="off">
          {alike.some(({ again }) => again !== 'never') && <Again of={what} answer={answer} />}
          {references.size > 0 && <small>Reference for support: {[...references].join(', ')}</small>}
        </div>
      </div>
    );
  });
}

/** No answer at all: nothing is shown, or what was known before. */
export function Failure({ answer }: { answer: Answer<unknown> }) {
  const { failure, received } = answer;
  return (
    <div role="status" aria-atomic="false">
      {failure && (
        <div className="notice notice-warn">
          <p>
            <strong>{reason(failure)}</strong>
            {received && <> You see what was known at {moment(received)}.</>}
          </p>
          <div className="remedy" aria-live="off">
            {failure.again !== 'never' && <Again of="this page" answer={answer} />}
          </div>
        </div>
      )}
    </div>
  );
}

/** One sentence for each system that fails, and one for everything that is being renewed. */
export function Old({ at, stale }: { at: Path; stale: readonly Stale[] }) {
  const causes = new Map<string, Stale[]>();
  for (const entry of stale) {
    const cause = entry.failed ? `${lower(system(entry.backend))} does not answer at the moment.` : '';
    causes.set(cause, [...(causes.get(cause) ?? []), entry]);
  }
  return [...causes].map(([cause, alike]) => {
    const since = new Date(Math.min(...alike.map(({ since }) => since.getTime())));
    const inner = alike.map(({ path }) => path.slice(at.length));
    const what = inner.every((path) => path.length > 0) ? `${partsNamed(inner)} as of` : 'As of';
    return (
      <p key={cause} className={cause ? 'notice notice-warn' : 'old'}>
        <span>
          {what} <time dateTime={since.toISOString()}>{moment(since)}</time>
          {cause ? `: ${cause}` : ', being renewed.'}
        </span>
      </p>
    );
  });
}

function Again({ of, answer }: { of: string; answer: Answer<unknown> }) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = button;
    // When all is well again the button goes; whoever had pressed it by keyboard goes on at the heading.
    return () => {
      if (current !== null && current === document.activeElement)
        current.closest('section, main')?.querySelector<HTMLElement>('h1, h2')?.focus();
    };
  }, []);
  return (
    <>
      <button ref={button} type="button" onClick={answer.retry} aria-disabled={answer.asking} aria-label={`Try again: ${of}`}>
        Try again
      </button>
      <span aria-hidden="true">{answer.asking ? 'Trying…' : answer.retryAt !== undefined && <Countdown to={answer.retryAt} />}</span>
    </>
  );
}

function Countdown({ to }: { to: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return `Trying again in ${Math.max(1, Math.ceil((to - now) / 1_000))} s`;
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
