/** A list that grows by pages: each further page is asked for, fails and recovers on its own. */

import type { ReactNode } from 'react';
import { Fragment, useEffect, useRef, useState } from 'react';

import type { Answer } from '../graph/answer';
import type { Path } from '../graph/problems';
import { knownCursors, noteCursors } from '../place';
import { Failure } from './notices';
import { Content } from './part';

interface Page<Node> {
  nodes: readonly (Node | null)[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

type Show<Node> = (answer: Answer<unknown>, page: Page<Node> | null | undefined) => ReactNode;

/** What a component that asks for a further page is given. */
export interface FurtherProps<Node> {
  after: string;
  children: Show<Node>;
}

interface PagedProps<Node> {
  /** What the entries are, such as "orders". */
  name: string;
  /** Said in place of a list without entries. */
  none: string;
  /** The answer that holds the first page, and where every answer has its page. */
  answer: Answer<unknown>;
  at: Path;
  page: Page<Node>;
  /** Asks for the page after a cursor, and shows it with `show`. */
  further: (after: string, show: Show<Node>) => ReactNode;
  entry: (node: Node, answer: Answer<unknown>) => ReactNode;
}

export function Paged<Node extends { id: string }>({ name, none, answer, at, page, further, entry }: PagedProps<Node>) {
  const [cursors, setCursors] = useState(() => knownCursors(name));
  const [pressed, setPressed] = useState<string>();
  if (page.nodes.length === 0) return <p className="none">{none}</p>;
  const more = (after: string) => {
    setPressed(after);
    setCursors([...cursors, after]);
    noteCursors(name, [...cursors, after]);
  };
  const entries = (page: Page<Node>, answer: Answer<unknown>, index: number) => (
    <Entries
      page={page}
      name={name}
      asked={index > 0 && cursors[index - 1] === pressed}
      entry={(node) => entry(node, answer)}
      onMore={index === cursors.length ? more : undefined}
    />
  );
  return (
    <>
      {entries(page, answer, 0)}
      {cursors.map((cursor, index) => (
        <Fragment key={cursor}>
          {further(cursor, (answer, page) => (
            <>
              <Failure answer={answer} />
              <Content title={`More ${name}`} answer={answer} at={at} value={page} none={`There are no more ${name}.`}>
                {(page) => entries(page, answer, index + 1)}
              </Content>
            </>
          ))}
        </Fragment>
      ))}
    </>
  );
}

interface EntriesProps<Node> {
  page: Page<Node>;
  name: string;
  /** Somebody pressed the button for this page, which is gone now: the focus goes to the first entry. */
  asked: boolean;
  entry: (node: Node) => ReactNode;
  onMore: ((after: string) => void) | undefined;
}

/** Entries that could not be read are left out here; the part says so. */
function Entries<Node extends { id: string }>({ page, name, asked, entry, onMore }: EntriesProps<Node>) {
  const first = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (asked) first.current?.focus();
  }, [asked]);

  const { hasNextPage, endCursor } = page.pageInfo;
  const nodes = page.nodes.filter((node) => node !== null);
  return (
    <>
      <ul className="records">
        {nodes.map((node, index) => (
          <li key={node.id} {...(asked && index === 0 && { ref: first, tabIndex: -1 })}>
            {entry(node)}
          </li>
        ))}
      </ul>
      {hasNextPage && endCursor !== null && onMore && (
        <p className="more">
          <button type="button" onClick={() => onMore(endCursor)}>
            Show more {name}
          </button>
        </p>
      )}
    </>
  );
}
