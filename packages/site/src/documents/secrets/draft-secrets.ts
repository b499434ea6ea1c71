import type { Document } from '@annex/protocol'

/** Secrets that were sent with a draft, which itself holds asterisks in their place: whoever sees it sees no more. */
const secrets = new WeakMap<Document, Map<string, string>>()

export function rememberSecret(draft: Document, fieldname: string, secret: string): void {
  let known = secrets.get(draft)
  if (!known) secrets.set(draft, (known = new Map()))
  known.set(fieldname, secret)
}

/** The secret that a change sets; undefined where it sets none. */
export const secretOf = (draft: Document, fieldname: string): string | undefined => secrets.get(draft)?.get(fieldname)

/** What was sent with a row belongs to the row, also when a copy of it stands in its place. */
export function passSecrets(from: Document, to: Document): void {
  const known = secrets.get(from)
  if (known) secrets.set(to, new Map([...known, ...(secrets.get(to) ?? [])]))
}
