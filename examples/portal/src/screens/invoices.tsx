/** All invoices of the customer, newest first, or the overdue ones alone. */

import { count } from '../format';
import { useAnswer } from '../graph/answer';
import type { InvoicePartsFragment, InvoicesQueryVariables } from '../graph/generated';
import { InvoicesDocument } from '../graph/generated';
import { InvoiceRecord } from '../parts/invoices';
import type { FurtherProps } from '../parts/pages';
import { Paged } from '../parts/pages';
import { Part } from '../parts/part';
import { Screen } from '../parts/screen';
import { to } from '../router';

type Filter = InvoicesQueryVariables['filter'];

const at = ['invoices'];

export function InvoicesScreen({ overdue }: { overdue: boolean }) {
  const filter: Filter = overdue ? { overdue: true } : null;
  const answer = useAnswer(InvoicesDocument, { filter });
  const invoices = answer.data?.invoices;
  const [one, many] = overdue ? ['overdue invoice', 'overdue invoices'] : ['invoice', 'invoices'];
  return (
    <Screen title="Invoices" answer={answer} query={InvoicesDocument}>
      <nav className="tabs" aria-label="Which invoices">
        <a href={to('invoices')} aria-current={overdue ? undefined : 'page'}>
          All
        </a>
        <a href={`${to('invoices')}?overdue=1`} aria-current={overdue ? 'page' : undefined}>
          Overdue
        </a>
      </nav>
      <Part
        title={invoices?.totalCount ? count(invoices.totalCount, one, many) : `Your ${many}`}
        answer={answer}
        at={at}
        value={invoices}
        none="There are no invoices."
      >
        {(page) => (
          <Paged
            name={many}
            none={overdue ? 'Nothing is overdue.' : 'There are no invoices yet.'}
            answer={answer}
            at={at}
            page={page}
            further={(after, show) => (
              <FurtherInvoices after={after} filter={filter}>
                {show}
              </FurtherInvoices>
            )}
            entry={(invoice) => <InvoiceRecord invoice={invoice} />}
          />
        )}
      </Part>
    </Screen>
  );
}

function FurtherInvoices({ after, filter, children }: FurtherProps<InvoicePartsFragment> & { filter: Filter }) {
  const answer = useAnswer(InvoicesDocument, { after, filter });
  return children(answer, answer.data?.invoices);
}
