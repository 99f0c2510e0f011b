/** The Plan panel: what an operation will cost before it runs, and what it did after it ran. */

import './plan.css';

import { pick, Spinner, tryParseJSONC, useGraphiQL } from '@graphiql/react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';

import { requestHeaders, session } from '../session';
import { explain, unready } from './explain';
import { Palette } from './layout';
import { Levels } from './levels';
import { LastRun } from './run';
import type { Problem } from './store';
import { forgetCaller, planStore } from './store';
import { Summary } from './summary';

/** Milliseconds without a change in the editor before the server is asked. */
const quiet = 300;

export default function Panel({ endpoint }: { endpoint: string }) {
  usePlan(endpoint);
  const { plan, problem, pending, run } = useStore(planStore);
  const [palette] = useState(() => new Palette());
  const stale = problem === null ? undefined : 'plan-outdated';
  const answers = problem?.kind !== 'refused' && problem?.kind !== 'unsupported';

  return (
    <section className="plan" aria-label="Plan">
      <header className="plan-header">
        <h2 className="plan-title">Plan</h2>
        <span className="plan-state" role="status">
          {pending ? 'asking…' : ''}
        </span>
      </header>
      {problem !== null && <ProblemNotice problem={problem} />}
      {plan !== null && (
        <div className={stale}>
          <Summary plan={plan} />
        </div>
      )}
      {plan === null && problem === null && (pending ? <Spinner /> : <p className="plan-hint">Write an operation to see its plan.</p>)}
      {answers && <LastRun run={run} palette={palette} />}
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
      return <p className="plan-notice plan-notice-quiet">No plan for the text as it stands: {problem.message}</p>;
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

/** Keeps the plan in step with the editors while the panel is open. */
function usePlan(endpoint: string): void {
  const { tabs, activeTabIndex, operationName } = useGraphiQL(pick('tabs', 'activeTabIndex', 'operationName'));
  const tab = tabs[activeTabIndex];
  const query = tab?.query ?? '';
  const variablesText = tab?.variables ?? '';
  const headersText = tab?.headers ?? '';
  const token = useStore(session, (state) => state.token);
  const formerHeaders = useRef(headersText);
  // A server that refuses this caller, or does not know the question, is not asked again on every key.
  const answersCaller = useStore(planStore, ({ problem }) => problem?.kind !== 'refused' && problem?.kind !== 'unsupported');

  useEffect(() => () => planStore.setState({ pending: false }), []);

  useEffect(() => {
    if (formerHeaders.current === headersText) return;
    formerHeaders.current = headersText;
    forgetCaller();
  }, [headersText]);

  useEffect(() => {
    if (!answersCaller) return;
    const reason = unready(query);
    if (reason === 'empty') {
      planStore.setState({ plan: null, problem: null, pending: false });
      return;
    }
    if (reason !== null) {
      planStore.setState({ problem: reason, pending: false });
      return;
    }
    let variables, headers;
    try {
      variables = tryParseJSONC(variablesText);
      headers = requestHeaders(token, tryParseJSONC(headersText));
    } catch (error) {
      const message = `variables or headers ${error instanceof Error ? error.message : String(error)}`;
      planStore.setState({ problem: { kind: 'invalid', message }, pending: false });
      return;
    }

    const controller = new AbortController();
    const ask = async () => {
      const verdict = await explain(endpoint, { query, operationName, variables }, headers, controller.signal);
      if ('plan' in verdict) planStore.setState({ plan: verdict.plan, problem: null, pending: false });
      else if (verdict.problem.kind === 'invalid') planStore.setState({ problem: verdict.problem, pending: false });
      else planStore.setState({ plan: null, problem: verdict.problem, pending: false });
    };
    planStore.setState({ pending: true });
    const timer = setTimeout(() => {
      ask().catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        planStore.setState({ problem: { kind: 'invalid', message }, pending: false });
      });
    }, quiet);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [endpoint, query, operationName, variablesText, headersText, token, answersCaller]);
}
