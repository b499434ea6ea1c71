import type { Exchange } from '../../../http/exchange.ts'

/** A box or a list of documents for each of a hundred rights, and what else the page has. Each is looked up among all of them. */
const MOST_FIELDS = 1000

/** Bytes of a consent page's form. */
export const CONSENT_FORM_LIMIT = 2 * 1024 * 1024

/**
 * The form of a consent page, as it was sent.
 *
 * @param wrong - makes what is thrown of a sentence
 * @throws what `wrong` makes, when no page has so many fields
 */
export function readConsentForm({ form }: Pick<Exchange<unknown>, 'form'>, wrong: (sentence: string) => Error): URLSearchParams {
  if (form && form.size > MOST_FIELDS) throw wrong('The form has too many fields.')
  return form ?? new URLSearchParams()
}
