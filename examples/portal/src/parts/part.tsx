/**
 * A part of a page with a boundary of its own: shows what is known, says what is missing and why, and since when what it
 * shows is old. Whatever goes wrong here, in a system or in this code, the other parts stand.
 */

import type { ErrorInfo, ReactNode } from 'react';
import { Component, useId } from 'react';

import type { Answer } from '../graph/answer';
import type { Path } from '../graph/problems';
import { contains } from '../graph/problems';
import { Missing, Old } from './notices';

interface PartProps<Value> {
  title: string;
  answer: Answer<unknown>;
  /** Where the value stands in the answer. */
  at: Path;
  value: Value | null | undefined;
  /** Keys below `at` that are parts of their own and speak for themselves. */
  without?: readonly string[];
  /** Said where there is nothing, and nothing is wrong. */
  none: string;
  /** Stands beside the heading. */
  aside?: ReactNode;
  children: (value: Value) => ReactNode;
}

export function Part<Value>({ title, aside, ...content }: PartProps<Value>) {
  const heading = useId();
  return (
    <section className="part" aria-labelledby={heading} aria-busy={content.answer.asking}>
      <header className="part-head">
        <h2 id={heading} tabIndex={-1}>
          {title}
        </h2>
        {aside}
      </header>
      <Content title={title} {...content} />
    </section>
  );
}

/** What is inside a part, without the frame: a further page of a list is one, too. */
export function Content<Value>({ title, answer, at, value, without = [], none, children }: Omit<PartProps<Value>, 'aside'>) {
  const own = ({ path }: { path: Path }) => contains(at, path) && !without.includes(path[at.length] ?? '');
  const above = value === null || value === undefined ? answer.problems.filter(({ path }) => contains(path, at)) : [];
  const problems = above.length > 0 ? above : answer.problems.filter(own);
  const stale = answer.stale.filter(own);
  // The live region stands there before there is anything to say, or screen readers would not notice.
  return (
    <>
      <div role="status" aria-atomic="false">
        <Missing whole={above.length > 0} title={title} at={at} problems={problems} answer={answer} />
        <Old at={at} stale={stale} />
      </div>
      <Boundary title={title}>
        {value !== null && value !== undefined ? children(value) : above.length === 0 && <Absent answer={answer} none={none} />}
      </Boundary>
    </>
  );
}

function Absent({ answer, none }: { answer: Answer<unknown>; none: string }) {
  if (answer.data !== undefined) return <p className="none">{none}</p>;
  return answer.failure === undefined && <Loading />;
}

export function Loading() {
  return (
    <div className="loading" role="img" aria-label="Loading">
      <span />
      <span />
      <span />
    </div>
  );
}

/** A mistake in this part's code costs this part. */
class Boundary extends Component<{ title: string; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(error, info.componentStack);
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return <p className="notice notice-bad">{this.props.title} cannot be shown: something is wrong with this page.</p>;
  }
}
