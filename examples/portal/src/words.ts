/** Plain words for codes, systems and states. Tables over the schema's enums are complete, or the build fails. */

import type { CustomerStatus, InvoiceKind, InvoiceStatus, OrderStatus } from './graph/generated';
import type { Problem } from './graph/problems';

export type Tone = 'plain' | 'good' | 'busy' | 'bad';

export const orderStates: Record<OrderStatus, [string, Tone]> = {
  DRAFT: ['Draft', 'plain'],
  PENDING: ['Received', 'busy'],
  CONFIRMED: ['Confirmed', 'busy'],
  PICKED: ['Being packed', 'busy'],
  SHIPPED: ['On its way', 'busy'],
  DELIVERED: ['Delivered', 'good'],
  CANCELLED: ['Cancelled', 'plain'],
  RETURNED: ['Returned', 'plain'],
};

export const invoiceStates: Record<InvoiceStatus, [string, Tone]> = {
  DRAFT: ['Draft', 'plain'],
  SENT: ['Open', 'busy'],
  PARTLY_PAID: ['Partly paid', 'busy'],
  PAID: ['Paid', 'good'],
  OVERDUE: ['Overdue', 'bad'],
  WRITTEN_OFF: ['Written off', 'plain'],
  CANCELLED: ['Cancelled', 'plain'],
};

export const invoiceKinds: Record<InvoiceKind, string> = {
  INVOICE: 'Invoice',
  CREDIT_NOTE: 'Credit note',
  DEPOSIT: 'Deposit invoice',
  REPLACEMENT: 'Replacement invoice',
  PROFORMA: 'Pro forma',
};

export const customerStates: Record<CustomerStatus, [string, Tone]> = {
  PROSPECT: ['Prospect', 'busy'],
  ACTIVE: ['Active', 'good'],
  BLOCKED: ['Blocked', 'bad'],
  CLOSED: ['Closed', 'plain'],
};

/** How people call the systems that `bizgraph.toml` names. */
const systems: Record<string, string> = {
  crm: 'The customer register',
  shop: 'The order system',
  warehouse: 'The warehouse',
  accounting: 'Accounting',
};

export function system(backend: string | null): string {
  return backend === null ? 'One of our systems' : (systems[backend] ?? `The system “${backend}”`);
}

/** Parts of a part, by the key that they have in the answer. */
const fields: Record<string, string> = {
  product: 'stock',
  invoices: 'invoices',
  order: 'the orders they are for',
  addresses: 'addresses',
  email: 'e-mail',
  phone: 'telephone',
  nodes: 'some entries',
};

/** "Stock", "E-mail, telephone and addresses": the innermost keys that have a name. */
export function partsNamed(paths: readonly (readonly string[])[]): string {
  const names = paths.map((path) => path.findLast((key) => key in fields)).map((key) => (key ? fields[key] : 'some details'));
  const list = new Intl.ListFormat('en').format(new Set(names) as Iterable<string>);
  return list.charAt(0).toUpperCase() + list.slice(1);
}

/** Why something is missing, in a sentence. */
export function reason({ code, backend, missing }: Problem): string {
  switch (code) {
    case 'BACKEND_TIMEOUT':
      return `${system(backend)} took too long to answer.`;
    case 'BACKEND_UNAVAILABLE':
      return `${system(backend)} cannot be reached at the moment.`;
    case 'BACKEND_FAILED':
      return `${system(backend)} has a fault at the moment.`;
    case 'BACKEND_REJECTED':
      return `${system(backend)} refused to answer.`;
    case 'BACKEND_CONTRACT':
      return `${system(backend)} gave an answer that cannot be read.`;
    case 'FORBIDDEN':
      return `This sign-in may not see it${missing.length > 0 ? ` (it lacks ${missing.join(', ')})` : ''}.`;
    case 'NOT_CONFIGURED':
      return 'No system is connected for it.';
    case 'RATE_LIMITED':
      return 'Too much was asked in a short time.';
    case 'NO_ANSWER':
      return 'There is no connection to the server.';
    default:
      return 'Something went wrong on our side.';
  }
}
