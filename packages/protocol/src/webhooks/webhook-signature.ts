/** The headers of a signed call. @see Standard Webhooks 1.0 */
export const WEBHOOK_HEADERS = { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' } as const

export interface SignedWebhook {
  /** The same at every attempt to deliver one message. */
  readonly id: string
  /** Seconds since 1970: of this attempt. */
  readonly timestamp: number
  /** The body, exactly as it is sent. */
  readonly body: string
}

/** What a receiver judges; headers that are not there are undefined or null. */
export interface ReceivedWebhook {
  readonly id: string | null | undefined
  readonly timestamp: string | null | undefined
  readonly signature: string | null | undefined
  /** The body, exactly as it came: one that was parsed and written again may differ. */
  readonly body: string
}

export interface WebhookJudgement {
  /** Seconds since 1970. */
  readonly now: number
  /** Seconds that the clocks of the two may differ, and a call may take; 300 when absent. */
  readonly tolerance?: number
}

export type WebhookVerdict = 'valid' | 'unsigned' | 'malformed' | 'too-old' | 'too-new' | 'forged'

const PREFIX = 'whsec_'
/** Bytes of a secret, as the standard sets them. */
const [LEAST, MOST] = [24, 64]
const TOLERANCE = 300
/** Signatures of one call that are looked at: a sender has a handful of secrets. */
const MOST_SIGNATURES = 20

/** A secret as both sides keep it. @throws {TypeError} for fewer than 24 bytes, or more than 64 */
export function webhookSecret(bytes: Uint8Array): string {
  if (bytes.length < LEAST || bytes.length > MOST) throw new TypeError(`A webhook secret has ${LEAST} to ${MOST} bytes`)
  return PREFIX + btoa(String.fromCharCode(...bytes))
}

/**
 * The three headers of a signed call: one signature for each secret, so that a receiver that knows the old or the new one
 * of a change finds its own.
 *
 * @throws {TypeError} for what is no secret, and for an id that could be mistaken for another
 */
export async function signWebhook(call: SignedWebhook, secrets: readonly string[]): Promise<Record<string, string>> {
  if (!/^[^.\s]+$/.test(call.id)) throw new TypeError('The id of a webhook holds neither dots nor spaces')
  const signatures: string[] = []
  for (const secret of secrets) {
    const key = await keyOf(secret, 'sign')
    if (!key) throw new TypeError('A webhook secret is whsec_ and 24 to 64 bytes in base64')
    const signature = await crypto.subtle.sign('HMAC', key, signedText(call.id, String(call.timestamp), call.body))
    signatures.push(`v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`)
  }
  return {
    [WEBHOOK_HEADERS.id]: call.id,
    [WEBHOOK_HEADERS.timestamp]: String(call.timestamp),
    [WEBHOOK_HEADERS.signature]: signatures.join(' '),
  }
}

/**
 * Whether a call was signed with one of the secrets, not long ago. Who takes it must still heed each id once alone: within
 * the tolerance a call can be repeated by whoever saw it.
 */
export async function verifyWebhook(
  call: ReceivedWebhook,
  secrets: readonly string[],
  { now, tolerance = TOLERANCE }: WebhookJudgement,
): Promise<WebhookVerdict> {
  if (!call.id || !call.timestamp || !call.signature) return 'unsigned'
  if (!/^\d{1,12}$/.test(call.timestamp)) return 'malformed'
  if (now - Number(call.timestamp) > tolerance) return 'too-old'
  if (Number(call.timestamp) - now > tolerance) return 'too-new'
  const signatures = call.signature.split(' ', MOST_SIGNATURES).flatMap((entry) => bytesOf(/^v1,(.*)$/.exec(entry)?.[1]) ?? [])
  if (signatures.length === 0) return 'malformed'
  const text = signedText(call.id, call.timestamp, call.body)
  for (const secret of secrets) {
    const key = await keyOf(secret, 'verify')
    // The comparison takes the same time wherever two signatures differ.
    for (const signature of key ? signatures : []) if (await crypto.subtle.verify('HMAC', key!, signature, text)) return 'valid'
  }
  return 'forged'
}

const signedText = (id: string, timestamp: string, body: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${id}.${timestamp}.${body}`)

async function keyOf(secret: string, use: 'sign' | 'verify') {
  const bytes = bytesOf(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret)
  if (!bytes || bytes.length < LEAST || bytes.length > MOST) return undefined
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [use])
}

/** Undefined for what is not base64. */
function bytesOf(base64: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
