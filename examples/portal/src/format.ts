/** Amounts, quantities, days and instants as the reader's language writes them. Exact decimals stay exact. */

interface Money {
  amount: string;
  currency: string;
}

/** An exact amount: the text goes to the formatter as it is, never through a binary fraction. */
export function money({ amount, currency }: Money): string {
  try {
    return decimals(amount, { style: 'currency', currency });
  } catch {
    return `${amount} ${currency}`; // not a code of ISO 4217
  }
}

export function quantity(amount: string): string {
  return decimals(amount, {});
}

function decimals(amount: string, options: Intl.NumberFormatOptions): string {
  const digits = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat(undefined, { ...options, maximumFractionDigits: Math.max(2, digits) });
  return format.format(amount as Intl.StringNumericLiteral);
}

/** A calendar day, the same everywhere on earth. */
export function day(date: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(date));
}

/** The day of an instant, where the reader is. */
export function dayOf(instant: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(new Date(instant));
}

/** An instant of the last hours as its time, an older one with its day. */
export function moment(instant: Date): string {
  const recent = Date.now() - instant.getTime() < 12 * 3_600_000;
  return new Intl.DateTimeFormat(undefined, { ...(recent ? {} : { dateStyle: 'medium' }), timeStyle: 'medium' }).format(instant);
}

/** How many whole days have passed since a calendar day (UTC). */
export function daysSince(date: string, now: number = Date.now()): number {
  return Math.floor((now - Date.parse(date)) / 86_400_000);
}

/** "1 order", "2 orders". */
export function count(number: number, one: string, many: string): string {
  return `${quantity(String(number))} ${number === 1 ? one : many}`;
}
