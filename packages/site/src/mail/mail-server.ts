import { isLoopback, isMailAddress, readMailbox } from '@annex/protocol'
import type { Transporter } from 'nodemailer'
import type { Letter } from './letter.ts'

export interface MailServerSettings {
  /** `smtp://` (with STARTTLS where the server has it) or `smtps://`; may hold a user and a password. */
  readonly url: string
  /** Whom letters come from. */
  readonly from: string
}

/** Milliseconds; together shorter than the lease of a delivery. */
const PATIENCE = { dnsTimeout: 4000, connectionTimeout: 4000, greetingTimeout: 4000, socketTimeout: 8000 }

/** The mail server that the settings name. */
export class MailServer {
  readonly #settings: MailServerSettings
  #transport: Promise<Transporter> | undefined

  constructor(settings: MailServerSettings) {
    this.#settings = settings
  }

  /**
   * Hands one letter over; it has been taken when this returns.
   *
   * @param id - the same at every attempt, so that who gets it twice sees one
   * @throws {RangeError} unless there is one sender and one recipient
   * @throws {Error} what nodemailer says, with `responseCode` when the server answered
   */
  async send({ to, subject, text }: Letter, id: string): Promise<void> {
    const from = readMailbox(this.#settings.from)
    if (!from || !isMailAddress(to)) throw new RangeError('A letter goes from one address to one address')
    this.#transport ??= open(this.#settings.url)
    // Objects, so that no name is read as a list of recipients.
    const messageId = `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`
    const headers = { 'auto-submitted': 'auto-generated' }
    await (await this.#transport).sendMail({ from, to: { name: '', address: to }, subject, text, messageId, headers })
  }
}

/** Loaded by the first letter: a site without mail pays nothing. */
async function open(text: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  const url = new URL(text)
  const secure = url.protocol === 'smtps:'
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  return createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ...(user === '' ? {} : { auth: { user, pass }, requireTLS: !secure && !isLoopback(url.hostname) }),
    ...PATIENCE,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}
