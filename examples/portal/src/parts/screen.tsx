/** The frame of a page: its heading takes the focus when one comes from another page. */

import type { DocumentNode } from 'graphql';
import type { ReactNode } from 'react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { stringifyDocument } from 'urql';

import type { Answer } from '../graph/answer';
import { arrive, followScrolling } from '../place';
import { Failure, Old } from './notices';

interface ScreenProps {
  title: string;
  answer?: Answer<unknown>;
  /** The page that this one is a part of. */
  up?: { href: string; title: string };
  /** The operation behind this page, for the curious. */
  query?: DocumentNode;
  children: ReactNode;
}

let opened = false;

/** From now on pages take the focus; the one that the browser itself opens leaves it where it is. */
export function takeFocus(): void {
  opened = true;
}

export function Screen({ title, answer, up, query, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (opened) heading.current?.focus({ preventScroll: true });
    const stops = [opened ? arrive() : undefined, followScrolling()];
    takeFocus();
    return () => {
      for (const stop of stops) stop?.();
    };
  }, []);
  useEffect(() => {
    document.title = `${title} · Portal`;
  }, [title]);
  return (
    <>
      <header>
        {up && (
          <p className="up">
            <a href={up.href}>{up.title}</a>
          </p>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </header>
      {answer && <Failure answer={answer} />}
      {answer && <Old at={[]} stale={answer.stale.filter(({ path }) => path.length === 0)} />}
      {children}
      {query && (
        <details className="query">
          <summary>The one query behind this page</summary>
          <pre tabIndex={0}>{stringifyDocument(query)}</pre>
        </details>
      )}
    </>
  );
}
