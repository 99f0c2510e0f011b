/** The back office's view of one customer: CRM, shop, warehouse and accounting in one question. */

import { count } from '../format';
import { useAnswer } from '../graph/answer';
import type { InvoicePartsFragment, OrderPartsFragment } from '../graph/generated';
import { CustomerDocument, InvoicesOfCustomerDocument, OrdersOfCustomerDocument } from '../graph/generated';
import { Balance, Profile } from '../parts/customer';
import { InvoiceRecord } from '../parts/invoices';
import { OrderRecord } from '../parts/orders';
import type { FurtherProps } from '../parts/pages';
import { Paged } from '../parts/pages';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';
import { to } from '../router';
import { NotFound } from './not-found';

const at = ['customer'];
const atOrders = ['customer', 'orders'];
const atInvoices = ['customer', 'invoices'];

export function CustomerScreen({ id }: { id: string }) {
  const answer = useAnswer(CustomerDocument, { id });
  const customer = answer.data?.customer;
  const unknown = answer.data !== undefined && customer === null && answer.problems.every(({ code }) => code === 'BAD_USER_INPUT');
  if (unknown) return <NotFound what="customer" />;
  const { balance, orders, invoices } = customer ?? {};
  return (
    <Screen
      title={customer?.name ?? 'Customer'}
      answer={answer}
      up={{ href: to('office'), title: 'Customers' }}
      query={CustomerDocument}
    >
      {customer && (
        <Part
          title="Balance"
          answer={answer}
          at={['customer', 'balance']}
          value={balance}
          none="Accounting does not tell what is to be paid."
        >
          {(amounts) => <Balance amounts={amounts} />}
        </Part>
      )}
      <div className="columns">
        {customer && (
          <Part
            title={orders?.totalCount ? count(orders.totalCount, 'order', 'orders') : 'Orders'}
            answer={answer}
            at={atOrders}
            value={orders}
            none="There are no orders."
          >
            {(page) => (
              <Paged
                name="orders"
                none="There are no orders yet."
                answer={answer}
                at={atOrders}
                page={page}
                further={(after, show) => (
                  <FurtherOrders id={id} after={after}>
                    {show}
                  </FurtherOrders>
                )}
                entry={(order, answer) => <OrderRecord order={order} answer={answer} at={[...atOrders, 'nodes']} />}
              />
            )}
          </Part>
        )}
        <div>
          <Part title="Profile" answer={answer} at={at} without={['balance', 'orders', 'invoices']} value={customer} none="">
            {(customer) => <Profile customer={customer} />}
          </Part>
          {customer && (
            <Part
              title={invoices?.totalCount ? count(invoices.totalCount, 'invoice', 'invoices') : 'Invoices'}
              answer={answer}
              at={atInvoices}
              value={invoices}
              none="There are no invoices."
            >
              {(page) => (
                <Paged
                  name="invoices"
                  none="There are no invoices yet."
                  answer={answer}
                  at={atInvoices}
                  page={page}
                  further={(after, show) => (
                    <FurtherInvoices id={id} after={after}>
                      {show}
                    </FurtherInvoices>
                  )}
                  entry={(invoice) => <InvoiceRecord invoice={invoice} />}
                />
              )}
            </Part>
          )}
        </div>
      </div>
    </Screen>
  );
}

function FurtherOrders({ id, after, children }: FurtherProps<OrderPartsFragment> & { id: string }) {
  const answer = useAnswer(OrdersOfCustomerDocument, { id, after });
  return children(answer, answer.data?.customer?.orders);
}

function FurtherInvoices({ id, after, children }: FurtherProps<InvoicePartsFragment> & { id: string }) {
  const answer = useAnswer(InvoicesOfCustomerDocument, { id, after });
  return children(answer, answer.data?.customer?.invoices);
}
