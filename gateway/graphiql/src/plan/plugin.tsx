/** The Plan panel as a GraphiQL plugin; its content is loaded when it is first opened. */

import type { GraphiQLPlugin } from '@graphiql/react';
import { Spinner } from '@graphiql/react';
import { lazy, Suspense } from 'react';

const Panel = lazy(() => import('./panel'));

export const planTitle = 'Plan';

export function planPlugin(endpoint: string): GraphiQLPlugin {
  return {
    title: planTitle,
    icon: PlanIcon,
    content: () => (
      <Suspense fallback={<Spinner />}>
        <Panel endpoint={endpoint} />
      </Suspense>
    ),
  };
}

function PlanIcon() {
  return (
    <svg viewBox="0 0 24 24" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <path d="M3 3v16.5A1.5 1.5 0 0 0 4.5 21H21" />
      <path d="M7 6h6M10 11h8M14 16h5" strokeWidth="2.5" />
    </svg>
  );
}
