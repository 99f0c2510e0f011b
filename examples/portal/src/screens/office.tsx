/** The back office: looks for customers as one types. */

import { useEffect, useId, useState } from 'react';

import { count, dayOf } from '../format';
import { useAnswer } from '../graph/answer';
import type { CustomersQuery } from '../graph/generated';
import { CustomersDocument } from '../graph/generated';
import { State } from '../parts/facts';
import { Failure } from '../parts/notices';
import type { FurtherProps } from '../parts/pages';
import { Paged } from '../parts/pages';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';
import { noteQuery, to } from '../router';
import { customerStates } from '../words';

type Found = NonNullable<NonNullable<CustomersQuery['customers']>['nodes'][number]>;

const at = ['customers'];
/** Milliseconds without a letter after which the question is asked. */
const PAUSE = 250;

/** What is looked for is in the address, so that it can be kept, sent and come back to. */
export function OfficeScreen({ text }: { text: string }) {
  const [typed, setTyped] = useState(text);
  const [former, setFormer] = useState(text);
  if (text !== former) {
    setFormer(text);
    if (text !== typed.trim()) setTyped(text); // by a link of the head, or by the way back
  }
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => noteQuery('office', { text: typed.trim() }), PAUSE);
    return () => clearTimeout(timer);
  }, [typed, text]);
  const [found, setFound] = useState('');
  const field = useId();
  return (
    <Screen title="Customers" query={CustomersDocument}>
      <p className="search">
        <label htmlFor={field}>Number, name or e-mail</label>
        <input id={field} type="search" autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />
      </p>
      <p role="status" className="heard">
        {found}
      </p>
      <Results key={text} text={text} onFound={setFound} />
    </Screen>
  );
}

function Results({ text, onFound }: { text: string; onFound: (found: string) => void }) {
  const answer = useAnswer(CustomersDocument, { text: text || null });
  const customers = answer.data?.customers;
  const total = customers?.totalCount;
  const title = typeof total === 'number' ? count(total, 'customer', 'customers') : 'Customers';
  useEffect(() => {
    if (customers) onFound(title);
  }, [customers, title, onFound]);
  return (
    <>
      <Failure answer={answer} />
      <Part title={title} answer={answer} at={at} value={customers} none="There are no customers.">
        {(page) => (
          <Paged
            name="customers"
            none={text ? 'Nobody is called that.' : 'There are no customers yet.'}
            answer={answer}
            at={at}
            page={page}
            further={(after, show) => (
              <FurtherCustomers after={after} text={text}>
                {show}
              </FurtherCustomers>
            )}
            entry={(customer) => <CustomerHead customer={customer} />}
          />
        )}
      </Part>
    </>
  );
}

function FurtherCustomers({ after, text, children }: FurtherProps<Found> & { text: string }) {
  const answer = useAnswer(CustomersDocument, { text: text || null, after });
  return children(answer, answer.data?.customers);
}

function CustomerHead({ customer }: { customer: Found }) {
  return (
    <div className="record-head">
      <a href={to('office', customer.id)}>{customer.name}</a>
      <State of={customer.status} words={customerStates} />
      <span className="muted">
        {customer.number}
        {customer.createdAt && `, since ${dayOf(customer.createdAt)}`}
      </span>
    </div>
  );
}
