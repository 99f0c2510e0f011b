/** Who a customer is, and what it owes. */

import { dayOf, money } from '../format';
import type { CustomerPartsFragment, MoneyPartsFragment } from '../graph/generated';
import { customerStates } from '../words';
import { Fact, Facts, State } from './facts';

export function Profile({ customer }: { customer: CustomerPartsFragment }) {
  return (
    <Facts>
      <Fact label="Name">{customer.name}</Fact>
      <Fact label="Customer number">{customer.number}</Fact>
      <Fact label="Status">{customer.status && <State of={customer.status} words={customerStates} />}</Fact>
      <Fact label="E-mail">{customer.email && <Email address={customer.email} />}</Fact>
      <Fact label="Telephone">{customer.phone}</Fact>
      <Fact label="Customer since">{customer.createdAt && dayOf(customer.createdAt)}</Fact>
      {customer.addresses?.map((address, index) => (
        <Fact key={index} label={addressKind(address.kind)}>
          <address>
            {[...address.lines, [address.postalCode, address.city].filter(Boolean).join(' '), address.region, country(address.country)]
              .filter(Boolean)
              .map((line, row) => (
                <span key={row}>{line}</span>
              ))}
          </address>
        </Fact>
      ))}
    </Facts>
  );
}

/** Amounts of different currencies stand side by side; they are never added up. */
export function Balance({ amounts }: { amounts: readonly MoneyPartsFragment[] }) {
  const open = amounts.filter(({ amount }) => Number(amount) !== 0);
  if (open.length === 0) return <p className="balance">Nothing to pay</p>;
  return open.map((amount) => (
    <p key={amount.currency} className="balance">
      <span className="amount">{money(amount)}</span> {Number(amount.amount) < 0 ? 'in credit' : 'to pay'}
    </p>
  ));
}

/** May be broken before the @ only. */
function Email({ address }: { address: string }) {
  const at = address.lastIndexOf('@');
  return (
    <>
      {address.slice(0, at)}
      <wbr />
      {address.slice(at)}
    </>
  );
}

function addressKind(kind: string | null): string {
  return kind ? `${kind.charAt(0).toUpperCase()}${kind.slice(1)} address` : 'Address';
}

function country(code: string | null): string | null {
  try {
    return code && (new Intl.DisplayNames(undefined, { type: 'region' }).of(code) ?? code);
  } catch {
    return code; // not a code of ISO 3166
  }
}
