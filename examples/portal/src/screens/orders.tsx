/** All orders of the customer, newest first, with their lines, the stock of today and their invoices. */

import { count } from '../format';
import { useAnswer } from '../graph/answer';
import type { OrderPartsFragment } from '../graph/generated';
import { OrdersDocument } from '../graph/generated';
import { OrderRecord } from '../parts/orders';
import type { FurtherProps } from '../parts/pages';
import { Paged } from '../parts/pages';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';

const at = ['orders'];

export function OrdersScreen() {
  const answer = useAnswer(OrdersDocument, {});
  const orders = answer.data?.orders;
  return (
    <Screen title="Orders" answer={answer} query={OrdersDocument}>
      <Part
        title={orders?.totalCount ? count(orders.totalCount, 'order', 'orders') : 'Your orders'}
        answer={answer}
        at={at}
        value={orders}
        none="There are no orders."
      >
        {(page) => (
          <Paged
            name="orders"
            none="There are no orders yet."
            answer={answer}
            at={at}
            page={page}
            further={(after, show) => <FurtherOrders after={after}>{show}</FurtherOrders>}
            entry={(order, answer) => <OrderRecord order={order} answer={answer} at={[...at, 'nodes']} />}
          />
        )}
      </Part>
    </Screen>
  );
}

function FurtherOrders({ after, children }: FurtherProps<OrderPartsFragment>) {
  const answer = useAnswer(OrdersDocument, { after });
  return children(answer, answer.data?.orders);
}
