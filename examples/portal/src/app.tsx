/** Who is there, and which page they see. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Provider } from 'urql';

import { useAnswer } from './graph/answer';
import { clientOf } from './graph/client';
import { ViewerDocument } from './graph/generated';
import { Mark } from './parts/mark';
import { Failure } from './parts/notices';
import { Loading } from './parts/part';
import type { Route } from './router';
import { to, useRoute } from './router';
import { CustomerScreen } from './screens/customer';
import { InvoicesScreen } from './screens/invoices';
import { NotFound } from './screens/not-found';
import { OfficeScreen } from './screens/office';
import { OrderScreen } from './screens/order';
import { OrdersScreen } from './screens/orders';
import { OverviewScreen } from './screens/overview';
import type { Identity } from './session/identity';
import { provider } from './session/provider';
import { SignIn } from './session/sign-in';

export function App() {
  const [identity, setIdentity] = useState<Identity | null>();
  const [because, setBecause] = useState<string | null>(null);
  useEffect(() => {
    provider.resume().then(setIdentity, () => setIdentity(null)); // the sign-in page tells what is wrong
  }, []);

  const leave = useCallback((reason: string | null) => {
    provider.signOut();
    if (reason === null) location.hash = ''; // whoever comes next starts at the start
    setBecause(reason);
    setIdentity(null);
  }, []);

  if (identity === undefined) return <Loading />;
  if (identity === null) return <SignIn because={because} onSignIn={setIdentity} />;
  return <Session identity={identity} onLeave={leave} />;
}

function Session({ identity, onLeave }: { identity: Identity; onLeave: (reason: string | null) => void }) {
  const client = useMemo(() => clientOf(identity, () => onLeave('Your sign-in has ended. Please sign in again.')), [identity, onLeave]);
  return (
    <Provider value={client}>
      <Desk label={identity.label} onLeave={() => onLeave(null)} />
    </Provider>
  );
}

/**
 * Staff have no customer of their own: `me` is null without an error. Where an error says that it could not be read,
 * there is one.
 */
function Desk({ label, onLeave }: { label: string; onLeave: () => void }) {
  const answer = useAnswer(ViewerDocument, {});
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const me = answer.data?.me;
  const staff = answer.data !== undefined && me === null && answer.problems.length === 0;
  const pages = staff ? { office: 'Customers' } : { '': 'Overview', orders: 'Orders', invoices: 'Invoices' };
  const page = route.page === '' && staff ? 'office' : route.page;
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header className="top">
        <p className="brand">
          <Mark />
          {staff ? 'Back office' : 'Customer portal'}
        </p>
        <nav aria-label="Pages">
          {answer.data !== undefined &&
            Object.entries(pages).map(([name, title]) => (
              <a key={name} href={to(name)} aria-current={name === page ? 'page' : undefined}>
                {title}
              </a>
            ))}
        </nav>
        <p className="who">
          <span>{me?.name ?? label}</span>
          <button type="button" onClick={onLeave}>
            Sign out
          </button>
        </p>
      </header>
      <main ref={main} tabIndex={-1}>
        {answer.data === undefined ? (
          answer.failure ? (
            <Failure answer={answer} />
          ) : (
            <Loading />
          )
        ) : (
          <Page {...route} page={page} staff={staff} />
        )}
      </main>
    </>
  );
}

/** Another record or list is another component, so that nothing of the former one stands there meanwhile. */
function Page({ page, id, query, staff }: Route & { staff: boolean }) {
  switch (page) {
    case '':
      return <OverviewScreen />;
    case 'orders':
      if (id !== null) return <OrderScreen key={id} id={id} listed={!staff} />;
      if (staff) break;
      return <OrdersScreen />;
    case 'invoices':
      if (staff) break;
      return <InvoicesScreen key={query.get('overdue')} overdue={query.has('overdue')} />;
    case 'office':
      if (!staff) break;
      return id === null ? <OfficeScreen text={query.get('text') ?? ''} /> : <CustomerScreen key={id} id={id} />;
  }
  return <NotFound what="page" />;
}
