/** One order. Another customer's looks exactly like one that does not exist: the gateway answers both alike. */

import { useAnswer } from '../graph/answer';
import { OrderDocument } from '../graph/generated';
import { OrderBody, OrderFacts } from '../parts/orders';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';
import { to } from '../router';
import { NotFound } from './not-found';

const at = ['order'];

export function OrderScreen({ id, listed }: { id: string; listed: boolean }) {
  const answer = useAnswer(OrderDocument, { id });
  const order = answer.data?.order;
  const unknown = answer.data !== undefined && order === null && answer.problems.every(({ code }) => code === 'BAD_USER_INPUT');
  if (unknown) return <NotFound what="order" />;
  return (
    <Screen title={order?.number ? `Order ${order.number}` : 'Order'} answer={answer} query={OrderDocument} {...(listed && { up: { href: to('orders'), title: 'Orders' } })}>
      <Part title="What was ordered" answer={answer} at={at} value={order} none="">
        {(order) => (
          <>
            <OrderFacts order={order} />
            <OrderBody order={order} answer={answer} at={at} prices />
          </>
        )}
      </Part>
    </Screen>
  );
}
