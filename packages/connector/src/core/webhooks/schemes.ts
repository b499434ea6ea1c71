import { FRAPPE_SIGNATURE_HEADER, verifyFrappeWebhook, verifyWebhook, WEBHOOK_HEADERS, type WebhookVerdict } from '@annex/protocol'
import type { WebhookOptions } from './webhook-options.ts'

/** What is judged: the bytes as they came, and the headers. */
export interface Signed {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Headers
}

/** By whose rules a body was found to be signed; the id is the sender's own for this message. */
export type SignedBy = { readonly scheme: 'standard'; readonly id: string } | { readonly scheme: 'frappe' }

/** An id of a message that is longer than this is nobody's. */
const LONGEST_ID = 256

export type Judgement =
  { readonly verdict: 'valid'; readonly by: SignedBy } | { readonly verdict: Exclude<WebhookVerdict, 'valid'>; readonly by?: undefined }

/**
 * Whether a body was signed by one of the schemes that the app has secrets for. One that names its time goes first; what
 * is signed by both is judged by either, so that an app may hold the secret of one alone.
 *
 * @param now milliseconds since 1970
 */
export async function judgeSignature(
  signed: Signed,
  { secrets: { standard = [], frappe = [] }, toleranceS = 300 }: Pick<WebhookOptions, 'secrets' | 'toleranceS'>,
  now: number,
): Promise<Judgement> {
  const [dated, bare] = [signed.headers.get(WEBHOOK_HEADERS.signature), signed.headers.get(FRAPPE_SIGNATURE_HEADER)]
  const first =
    dated !== null && (standard.length > 0 || bare === null) ? await judgeStandard(signed, standard, now, toleranceS) : undefined
  if (first?.verdict === 'valid' || bare === null || frappe.length === 0) return first ?? { verdict: bare === null ? 'unsigned' : 'forged' }
  const verdict = await verifyFrappeWebhook(signed.body, bare, frappe)
  return verdict === 'valid' ? { verdict, by: { scheme: 'frappe' } } : { verdict }
}

/** The judgement of Standard Webhooks alone. */
export async function judgeStandard(
  { body, headers }: Signed,
  secrets: readonly string[],
  now: number,
  toleranceS = 300,
): Promise<Judgement> {
  const id = headers.get(WEBHOOK_HEADERS.id)
  if (id !== null && id.length > LONGEST_ID) return { verdict: 'malformed' }
  const call = { id, timestamp: headers.get(WEBHOOK_HEADERS.timestamp), signature: headers.get(WEBHOOK_HEADERS.signature) }
  const verdict = await verifyWebhook({ ...call, body: textOf(body) }, secrets, { now: now / 1000, tolerance: toleranceS })
  return verdict === 'valid' ? { verdict, by: { scheme: 'standard', id: id ?? '' } } : { verdict }
}

/** To the letter: a mark of byte order is a part of what was signed. What is no UTF-8 becomes another text, whose signature is another. */
export const textOf = (body: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
