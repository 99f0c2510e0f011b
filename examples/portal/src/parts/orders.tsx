/** Orders: a line in a list, and an order with its lines, their stock and its invoices. */

import { dayOf, money, quantity } from '../format';
import type { Answer } from '../graph/answer';
import type { OrderPartsFragment, OrderSummaryFragment } from '../graph/generated';
import type { Path } from '../graph/problems';
import { contains } from '../graph/problems';
import { to } from '../router';
import { invoiceKinds, invoiceStates, orderStates } from '../words';
import { Amount, Fact, Facts, State } from './facts';

export function OrderHead({ order }: { order: OrderSummaryFragment }) {
  return (
    <div className="record-head">
      <a href={to('orders', order.id)}>{order.number ?? 'Order without a number'}</a>
      <State of={order.status} words={orderStates} />
      {order.placedAt && <span className="muted">{dayOf(order.placedAt)}</span>}
      <Amount of={order.total} />
    </div>
  );
}

type Line = OrderPartsFragment['lines'][number];

interface OrderProps {
  order: OrderPartsFragment;
  answer: Answer<unknown>;
  /** Where the answer has its orders. */
  at: Path;
}

/** An order in a list. */
export function OrderRecord(props: OrderProps) {
  return (
    <>
      <OrderHead order={props.order} />
      <OrderBody {...props} />
    </>
  );
}

/** What an order is, on a page of its own. */
export function OrderFacts({ order }: { order: OrderSummaryFragment }) {
  return (
    <Facts>
      <Fact label="Status">{order.status && <State of={order.status} words={orderStates} />}</Fact>
      <Fact label="Ordered">{order.placedAt && dayOf(order.placedAt)}</Fact>
      <Fact label="Total">
        <Amount of={order.total} strong />
      </Fact>
    </Facts>
  );
}

/** Its lines and invoices. `prices` shows what one of each costs, too. */
export function OrderBody({ order, answer, at, prices = false }: OrderProps & { prices?: boolean }) {
  const stockMissing = answer.problems.some(({ path }) => contains(path, [...at, 'lines', 'product']));
  return (
    <>
      {order.lines.length === 0 ? (
        <p className="none">This order has no lines.</p>
      ) : (
        <ul className="lines">
          {order.lines.map((line, index) => (
            <li key={index}>
              <span className="line-quantity">{quantity(line.quantity)} ×</span>
              <span className="line-text">
                {line.description ?? line.product?.name ?? line.sku ?? 'Without a description'}
                {prices && line.unitPrice && <small className="muted">{money(line.unitPrice)} each</small>}
              </span>
              <Stock line={line} missing={stockMissing} />
              <Amount of={line.lineTotal} />
            </li>
          ))}
        </ul>
      )}
      {order.invoices ? <InvoicesOf order={order.invoices} /> : <p className="invoices-of muted">Invoices unknown.</p>}
    </>
  );
}

/** What can be had of it now. Nothing is said where the answer does not tell. */
function Stock({ line, missing }: { line: Line; missing: boolean }) {
  if (line.sku === null) return null; // free text
  if (line.product === null) {
    return missing ? <span className="stock muted">Stock unknown</span> : <span className="stock muted">No longer sold</span>;
  }
  if (line.product.available === null) return <span className="stock muted">Stock not told</span>;
  return Number(line.product.available) > 0 ? (
    <span className="stock stock-good">{quantity(line.product.available)} available</span>
  ) : (
    <span className="stock stock-bad">Out of stock</span>
  );
}

function InvoicesOf({ order }: { order: NonNullable<OrderPartsFragment['invoices']> }) {
  const invoices = order.nodes.filter((invoice) => invoice !== null);
  if (invoices.length === 0) return <p className="invoices-of muted">Not invoiced yet.</p>;
  return (
    <ul className="invoices-of" aria-label="Invoices">
      {invoices.map((invoice) => (
        <li key={invoice.id}>
          {invoice.kind ? invoiceKinds[invoice.kind] : 'Invoice'} {invoice.number ?? 'without a number'}{' '}
          <State of={invoice.overdue ? 'OVERDUE' : invoice.status} words={invoiceStates} />
        </li>
      ))}
    </ul>
  );
}
