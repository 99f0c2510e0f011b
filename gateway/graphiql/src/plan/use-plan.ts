import { pick, tryParseJSONC, useGraphiQL } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';

import { requestHeaders, session } from '../session';
import { explain, unready } from './explain';
import { answersCaller, forgetCaller, planStore } from './store';

/** Milliseconds without a change in the editor before the server is asked. */
const quiet = 300;

/** Keeps the plan in step with the editors while the panel is open. */
export function usePlan(endpoint: string): void {
  const { tabs, activeTabIndex, operationName } = useGraphiQL(pick('tabs', 'activeTabIndex', 'operationName'));
  const tab = tabs[activeTabIndex];
  const query = tab?.query ?? '';
  const variablesText = tab?.variables ?? '';
  const headersText = tab?.headers ?? '';
  const token = useStore(session, (state) => state.token);
  const formerHeaders = useRef(headersText);
  const worthAsking = useStore(planStore, ({ problem }) => answersCaller(problem));

  useEffect(() => () => planStore.setState({ pending: false }), []);

  useEffect(() => {
    if (formerHeaders.current === headersText) return;
    formerHeaders.current = headersText;
    forgetCaller();
  }, [headersText]);

  useEffect(() => {
    if (!worthAsking) return;
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
  }, [endpoint, query, operationName, variablesText, headersText, token, worthAsking]);
}
