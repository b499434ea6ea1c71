import type { Document } from '@annex/protocol'

/** How an app hears of changed documents: at `POST <basePath>/webhook/<DocType>`, and at `POST <basePath>/webhook` for bodies that name theirs. */
export interface WebhookOptions {
  /** At most two of each: the new one, and the one before while the site changes over. */
  readonly secrets: {
    /** Of Standard Webhooks, `whsec_…`. */
    readonly standard?: readonly string[]
    /** The Webhook Secret of a Frappe site, as it was typed there. */
    readonly frappe?: readonly string[]
  }
  /**
   * Told of a change that was read again from the site with the right of the person it is for: once for each person whom
   * it concerns and each `modified`. A throw is tried again, later and later, for four days; then it is given up, and
   * `webhook-given-up` says so. It has 50 seconds, the reading included. When the process dies while it is being told, it is told again.
   */
  readonly onDocument: (change: DocumentChange) => void | Promise<void>
  /** Whom it concerns besides those who have kept the docname: ids of connections. */
  readonly readers?: (hint: DocumentHint) => readonly string[] | Promise<readonly string[]>
  /**
   * The DocTypes that the app hears of; others are answered 404. Set it: a Frappe site signs neither the address nor the
   * time, so a call that somebody has overheard may be sent again under any DocType. Absent, all are taken.
   */
  readonly doctypes?: readonly string[]
  /** Seconds that the clocks of the two may differ, and a call may take; 300 when absent. Only Standard Webhooks say when they were sent. */
  readonly toleranceS?: number
}

/** What a webhook claims. It was signed, but it may be late, or repeated: nothing of it is acted upon but the name. */
export interface DocumentHint {
  readonly id: string
  readonly doctype: string
  readonly name: string
  /** What happened, where the sender says it: a Frappe site does only in a field of your own. */
  readonly event: string | null
  /** As the site writes it, in its own time zone. */
  readonly modified: string | null
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/** A document as one person sees it now. */
export interface DocumentChange {
  /** Of what was received: the same when it is told again. */
  readonly id: string
  /** Whose right it was read with: the id of their connection. */
  readonly connection: string
  readonly doctype: string
  readonly name: string
  /** null when it is gone, or hidden from this person. */
  readonly document: Document | null
  readonly state: 'there' | 'gone' | 'hidden'
  /** The name that it has now, when it was renamed and this person had kept it. */
  readonly renamedTo: string | null
  /** As the site writes it; of a document that is gone or hidden, as the webhook claims, and '' when it does not. */
  readonly modified: string
}

/** @throws {Error} one sentence that names the option which is wrong, and what to write instead */
export function checkWebhooks({ secrets, onDocument, doctypes, toleranceS = 300 }: WebhookOptions): void {
  const { standard = [], frappe = [] } = secrets ?? {}
  if (standard.length + frappe.length === 0)
    throw new Error(
      "webhooks.secrets must hold what the site signs with: standard ['whsec_…'], or frappe, the Webhook Secret that was typed",
    )
  checkSecrets('webhooks.secrets.standard', standard)
  if (frappe.length > 2) throw new Error(tooMany('webhooks.secrets.frappe'))
  if (frappe.includes('')) throw new Error('webhooks.secrets.frappe must not hold an empty secret: anybody could sign with it')
  if (typeof onDocument !== 'function') throw new Error('webhooks.onDocument must be a function: it is told of each change')
  if (doctypes !== undefined && !(Array.isArray(doctypes) && doctypes.length > 0 && doctypes.every(isTrimmed)))
    throw new Error("webhooks.doctypes must be a list of names of DocTypes such as ['Customer'], or absent to hear of all")
  if (!(toleranceS > 0 && toleranceS <= 3600))
    throw new Error(`webhooks.toleranceS ${toleranceS} must be seconds, more than 0 and at most 3600`)
}

/** @throws {Error} when there are more than two, or one is no secret of Standard Webhooks */
export function checkSecrets(option: string, secrets: readonly string[]): void {
  if (secrets.length > 2) throw new Error(tooMany(option))
  if (!secrets.every(isWebhookSecret)) throw new Error(`${option} must hold secrets of the form whsec_ and 24 to 64 bytes in base64`)
}

const isTrimmed = (text: unknown): boolean => typeof text === 'string' && text !== '' && text === text.trim()

const tooMany = (option: string): string =>
  `${option} must hold at most two secrets: the new one, and the one before while the site changes over`

/** Whether it has the form of a secret of Standard Webhooks. */
function isWebhookSecret(secret: string): boolean {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const bytes = (base64.replace(/=+$/, '').length * 3) / 4
  return base64.length % 4 === 0 && bytes >= 24 && Math.floor(bytes) <= 64
}
