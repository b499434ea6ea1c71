import type { Attempt, Carrier, Message } from '../webhooks/courier.ts'
import type { Letter } from './letter.ts'
import type { MailServer } from './mail-server.ts'

export interface MailCarrierParts {
  readonly server: Pick<MailServer, 'send'>
  /** Writes the letter of a message, at each attempt; undefined when nobody is to be told any more. */
  readonly compose: (message: Message) => Promise<Letter | undefined>
}

/** Carries messages of the outbox as letters. */
export const mailCarrier = ({ server, compose }: MailCarrierParts): Carrier => ({
  carry: async (message) => {
    const letter = await compose(message)
    if (!letter) return { end: 'void' }
    try {
      await server.send(letter, message.id)
      return { end: 'arrived' }
    } catch (error) {
      return judge(error)
    }
  },
})

/** Of what the server says the number alone is kept: its words name the recipient. */
function judge(error: unknown): Attempt {
  const { responseCode, code } = Object(error) as { responseCode?: unknown; code?: unknown }
  if (typeof responseCode !== 'number') return { end: 'unreached', error: 'The mail server could not be reached' }
  // RFC 5321 section 4.2.1: what begins with 5 is final; a refused sign-in is the settings’ fault and may be put right.
  const isFinal = responseCode >= 500 && code !== 'EAUTH'
  return { end: isFinal ? 'gone' : 'unreached', error: `The mail server answered ${responseCode}` }
}
