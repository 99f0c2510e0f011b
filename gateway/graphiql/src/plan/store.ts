/** What the Plan panel knows; written by the panel's questions and by GraphiQL's runs. */

import { createStore } from 'zustand/vanilla';

import type { Answer } from '../transport/http';
import type { Explain, Trace } from './contract';
import { readTrace } from './contract';

/** Why there is no plan for the text in the editor. */
export type Problem =
  /** The operation cannot be planned as it stands: it does not parse, is not valid, or its variables are no JSON. */
  | { kind: 'invalid'; message: string }
  /** The token lacks the scope. */
  | { kind: 'refused'; scope: string; message: string }
  /** The server took the question for an ordinary request. */
  | { kind: 'unsupported' };

export type Run =
  | { status: 'none' }
  | { status: 'traced'; name: string | null; trace: Trace }
  /** The run answered without a trace. */
  | { status: 'untraced' }
  /** The server refuses traces to this token; further runs do not ask. */
  | { status: 'refused' };

export interface PlanState {
  open: boolean;
  /** The last plan. It is out of date while `problem` is set or an answer is pending. */
  plan: Explain | null;
  problem: Problem | null;
  pending: boolean;
  run: Run;
}

export const planStore = createStore<PlanState>()(() => ({
  open: false,
  plan: null,
  problem: null,
  pending: false,
  run: { status: 'none' },
}));

/** Whether the server explains and traces for this caller; one that does not is not asked again on every key. */
export function answersCaller(problem: Problem | null): boolean {
  return problem?.kind !== 'refused' && problem?.kind !== 'unsupported';
}

/** Takes the trace out of a run's answer; in a multipart answer it comes with the last part. */
export function noteRun(name: string | null, answer: Answer | Answer[]): void {
  for (const part of Array.isArray(answer) ? answer : [answer]) {
    const trace = readTrace(part.extensions);
    if (trace !== null) planStore.setState({ run: { status: 'traced', name, trace } });
    else if (!Array.isArray(answer)) planStore.setState({ run: { status: 'untraced' } });
  }
}

export function noteTraceRefused(): void {
  planStore.setState({ run: { status: 'refused' } });
}

/** Forgets what was said to the former token. */
export function forgetCaller(): void {
  planStore.setState({ plan: null, problem: null, run: { status: 'none' } });
}
