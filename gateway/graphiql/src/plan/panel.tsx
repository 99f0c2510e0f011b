/** The Plan panel: what an operation will cost before it runs, and what it did after it ran. */

import './plan.css';

import { Spinner } from '@graphiql/react';
import { useState } from 'react';
import { useStore } from 'zustand';

import { Palette } from './layout';
import { Levels } from './levels';
import { LastRun } from './run';
import type { Problem } from './store';
import { answersCaller, planStore } from './store';
import { Summary } from './summary';
import { usePlan } from './use-plan';

export default function Panel({ endpoint }: { endpoint: string }) {
  usePlan(endpoint);
  const { plan, problem, pending, run } = useStore(planStore);
  const [palette] = useState(() => new Palette());
  const stale = problem === null ? undefined : 'plan-outdated';

  return (
    <section className="plan" aria-label="Plan">
      <header className="plan-header">
        <h2 className="plan-title">Plan</h2>
        {pending && (
          <span className="plan-hint" aria-hidden="true">
            asking…
          </span>
        )}
      </header>
      <div className="plan-problem" role="status">
        {problem !== null && <ProblemNotice problem={problem} />}
      </div>
      {plan !== null && (
        <div className={stale}>
          <Summary plan={plan} />
        </div>
      )}
      {plan === null && problem === null && (pending ? <Spinner /> : <p className="plan-hint">Write an operation to see its plan.</p>)}
      {answersCaller(problem) && <LastRun run={run} palette={palette} />}
      {plan !== null && (
        <div className={stale}>
          <Levels levels={plan.levels} palette={palette} />
        </div>
      )}
    </section>
  );
}

function ProblemNotice({ problem }: { problem: Problem }) {
  switch (problem.kind) {
    case 'invalid':
      return <p className="plan-notice plan-notice-quiet">No plan: {problem.message}</p>;
    case 'unsupported':
      return <p className="plan-notice plan-notice-info">This server does not explain operations. Running them works as usual.</p>;
    case 'refused':
      return (
        <div className="plan-notice plan-notice-info">
          <p>
            The plan needs the scope <code>{problem.scope}</code>. The token in use does not hold it; operations run as usual.
          </p>
          <p className="plan-said">The server says: {problem.message}</p>
        </div>
      );
  }
}
