/** An invoice or credit note in a list, with what is open and whether it is overdue. */

import { count, day, daysSince } from '../format';
import type { InvoicePartsFragment } from '../graph/generated';
import { to } from '../router';
import { invoiceKinds, invoiceStates } from '../words';
import { Amount, Fact, Facts, State } from './facts';

export function InvoiceRecord({ invoice }: { invoice: InvoicePartsFragment }) {
  const open = Number(invoice.balance?.amount ?? NaN);
  return (
    <div className="invoice">
      <div className="record-head">
        <strong>
          {invoice.kind ? invoiceKinds[invoice.kind] : 'Invoice'} {invoice.number ?? 'without a number'}
        </strong>
        {invoice.status !== 'OVERDUE' && !(invoice.overdue && invoice.status === 'SENT') && (
          <State of={invoice.status} words={invoiceStates} />
        )}
        {invoice.overdue && <Overdue since={invoice.dueOn} />}
        {invoice.order && (
          <span className="muted">
            for <a href={to('orders', invoice.order.id)}>{invoice.order.number ?? 'an order without a number'}</a>
          </span>
        )}
      </div>
      <Facts>
        <Fact label="Issued">{invoice.issuedOn && day(invoice.issuedOn)}</Fact>
        <Fact label="Due">{invoice.dueOn && day(invoice.dueOn)}</Fact>
        <Fact label="Total">
          <Amount of={invoice.total} />
        </Fact>
        <Fact label={open < 0 ? 'In your favour' : 'Still to pay'}>
          {open === 0 ? <span className="muted">Nothing</span> : <Amount of={invoice.balance} strong={open > 0} />}
        </Fact>
      </Facts>
    </div>
  );
}

function Overdue({ since }: { since: string | null }) {
  const days = since === null ? 0 : daysSince(since);
  return <span className="state state-bad">Overdue{days > 0 && ` by ${count(days, 'day', 'days')}`}</span>;
}
