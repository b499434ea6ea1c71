import type { WebhookVerdict } from './webhook-signature.ts'

/** The header that a Frappe site signs its webhooks with. */
export const FRAPPE_SIGNATURE_HEADER = 'x-frappe-webhook-signature'

/** HMAC-SHA256 gives 32 bytes, which are 44 characters in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/

/**
 * What a Frappe site puts into its header: base64 of the HMAC-SHA256 of the body, exactly as it is sent.
 *
 * @param secret the Webhook Secret as it was typed; it may be any text that is not empty
 */
export async function signFrappeWebhook(body: Uint8Array<ArrayBuffer>, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', await keyOf(secret, 'sign'), body)
  return btoa(String.fromCharCode(...new Uint8Array(signature)))
}

/**
 * Whether a webhook of a Frappe site was signed with one of the secrets.
 *
 * It names neither a time nor an id: who saw one can send it again for ever. So take it as a hint, and heed each once.
 *
 * @param body the bytes as they came: Python writes its JSON in a way of its own, and a body that was parsed and written
 * again is another
 */
export async function verifyFrappeWebhook(
  body: Uint8Array<ArrayBuffer>,
  signature: string | null | undefined,
  secrets: readonly string[],
): Promise<Extract<WebhookVerdict, 'valid' | 'unsigned' | 'malformed' | 'forged'>> {
  if (!signature) return 'unsigned'
  if (!SIGNATURE.test(signature)) return 'malformed'
  const bytes = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0))
  for (const secret of secrets) {
    // The comparison takes the same time wherever two signatures differ.
    if (secret !== '' && (await crypto.subtle.verify('HMAC', await keyOf(secret, 'verify'), bytes, body))) return 'valid'
  }
  return 'forged'
}

const keyOf = (secret: string, use: 'sign' | 'verify') =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [use])
