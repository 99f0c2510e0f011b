/** What a customer sees first: what is to be paid, what is overdue, the latest orders, the profile. */

import { count } from '../format';
import { useAnswer } from '../graph/answer';
import type { OverviewQuery } from '../graph/generated';
import { OverviewDocument } from '../graph/generated';
import { Balance, Profile } from '../parts/customer';
import { InvoiceRecord } from '../parts/invoices';
import { OrderHead } from '../parts/orders';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';
import { to } from '../router';

export function OverviewScreen() {
  const answer = useAnswer(OverviewDocument, {});
  const { me, overdue, orders } = answer.data ?? {};
  return (
    <Screen title="Overview" answer={answer} query={OverviewDocument}>
      <Part
        title="Balance"
        answer={answer}
        at={['me', 'balance']}
        value={me?.balance}
        none="Accounting does not tell what is to be paid."
        aside={
          overdue?.totalCount ? (
            <a className="state state-bad" href={`${to('invoices')}?overdue=1`}>
              {count(overdue.totalCount, 'invoice is overdue', 'invoices are overdue')}
            </a>
          ) : null
        }
      >
        {(amounts) => <Balance amounts={amounts} />}
      </Part>
      <div className="columns">
        <div>
          <Part
            title="Overdue invoices"
            answer={answer}
            at={['overdue']}
            value={overdue}
            none="There are no invoices."
            aside={<a href={to('invoices')}>All invoices</a>}
          >
            {(page) => <OverdueInvoices {...page} />}
          </Part>
          <Part
            title="Latest orders"
            answer={answer}
            at={['orders']}
            value={orders}
            none="There are no orders."
            aside={<a href={to('orders')}>All {orders?.totalCount ? count(orders.totalCount, 'order', 'orders') : 'orders'}</a>}
          >
            {(page) => <LatestOrders {...page} />}
          </Part>
        </div>
        <Part title="Profile" answer={answer} at={['me']} without={['balance']} value={me} none="There is no profile.">
          {(customer) => <Profile customer={customer} />}
        </Part>
      </div>
    </Screen>
  );
}

function OverdueInvoices({ nodes, totalCount }: NonNullable<OverviewQuery['overdue']>) {
  if (nodes.length === 0) return <p className="none">Nothing is overdue.</p>;
  return (
    <>
      <ul className="records">
        {nodes.map(
          (invoice) =>
            invoice && (
              <li key={invoice.id}>
                <InvoiceRecord invoice={invoice} />
              </li>
            ),
        )}
      </ul>
      {totalCount !== null && totalCount > nodes.length && (
        <p>
          <a href={`${to('invoices')}?overdue=1`}>All {count(totalCount, 'overdue invoice', 'overdue invoices')}</a>
        </p>
      )}
    </>
  );
}

function LatestOrders({ nodes }: NonNullable<OverviewQuery['orders']>) {
  if (nodes.length === 0) return <p className="none">There are no orders yet.</p>;
  return (
    <ul className="records">
      {nodes.map(
        (order) =>
          order && (
            <li key={order.id}>
              <OrderHead order={order} />
            </li>
          ),
      )}
    </ul>
  );
}
