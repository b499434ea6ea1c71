/** SHA-256 in hex of several parts, which cannot be mistaken for others: each is told apart by its length. */
export async function hashOf(...parts: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<string> {
  const bytes = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part))
  const whole = [`${bytes.map(({ length }) => length).join(' ')}\n`, ...bytes]
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(whole).arrayBuffer())
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
