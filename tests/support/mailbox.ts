import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Mail {
  readonly to: string
  /** Headers and body, as they came. */
  readonly text: string
}

/** A mail server on a free port of this machine, that keeps what it gets. */
export class Mailbox {
  readonly mails: Mail[] = []
  /** Statuses by which the next recipients are refused. */
  readonly refusals: number[] = []
  readonly #server: SMTPServer
  readonly #waiting = new Set<() => void>()

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onRcptTo: (_address, _session, done) => {
        const responseCode = this.refusals.shift()
        this.#wake()
        done(responseCode === undefined ? null : Object.assign(new Error('not now'), { responseCode }))
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.once('end', () => {
          // Long lines are folded on the way.
          const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=')
          this.mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), text })
          this.#wake()
          done()
        })
      },
    })
  }

  /** The URL for the settings of a site. */
  async open(): Promise<string> {
    const listening = this.#server.listen(0, '127.0.0.1')
    await once(listening, 'listening')
    return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`
  }

  /** The first mail to somebody that says these words. */
  async find(to: string, words: string): Promise<Mail> {
    for (;;) {
      const mail = this.mails.find((one) => one.to === to && one.text.includes(words))
      if (mail) return mail
      await new Promise<void>((go) => this.#waiting.add(go))
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #wake(): void {
    for (const go of this.#waiting) go()
    this.#waiting.clear()
  }
}
