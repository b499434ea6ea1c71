import type { Database } from '@annex/database'
import type { Audit } from '../../audit/audit.ts'
import { plain } from '../../pages/html.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { PasswordResets } from '../password-reset/password-resets.ts'
import type { LetterPayload } from './letters.ts'

export interface ComposeParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly audit: Audit
  readonly resets: Pick<PasswordResets, 'issue'>
  /** The site's own origin. */
  readonly issuer: () => string
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
  /** UTC microseconds. */
  readonly now: () => number
}

/** A message of the outbox, as far as it matters here. */
interface Written {
  readonly payload: Readonly<Record<string, unknown>>
  readonly created: number
}

interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Microseconds after which nobody waits for a reset link any more. */
const WAITED_FOR = 3_600_000_000
const t = texts.letters

/** The letter for a message, as it is sent now. Undefined when its user is no more, or a link would come too late. */
export async function composeLetter(parts: ComposeParts, { payload, created }: Written): Promise<Letter | undefined> {
  const letter = payload as unknown as LetterPayload
  const account = await parts.accounts.read(letter.user)
  if (!account?.enabled) return undefined
  return WRITERS[letter.about](parts, letter, created)
}

type Writer = (parts: ComposeParts, payload: LetterPayload, created: number) => Promise<Letter | undefined>

const WRITERS: Readonly<Record<LetterPayload['about'], Writer>> = {
  reset: async (parts, { user }, created) => {
    if (parts.now() - created > WAITED_FOR) return undefined
    // Made here: what stands in the outbox holds no secret.
    const link = await parts.database.transaction(
      async (connection) => {
        await parts.audit.write(connection, { event: 'reset link made', about: user, detail: { by: 'letter' } })
        return parts.resets.issue(connection, user)
      },
      { durable: true },
    )
    return { to: user, subject: at(parts, t.reset.subject), text: [t.reset.intro, link, t.reset.rest].join('\n\n') }
  },
  password: async (parts, { user }, created) => ({
    to: user,
    subject: at(parts, t.password.subject),
    text: [`${t.password.intro} ${shownTime(parts, created)}.`, t.password.rest].join('\n\n'),
  }),
  'sign-in': async (...written) => ofPlace(t.signIn, ...written),
  code: async (...written) => ofPlace(t.code, ...written),
}

type PlaceTexts = Readonly<Record<'subject' | 'intro' | 'rest', string>>

function ofPlace(words: PlaceTexts, parts: ComposeParts, { user, browser = '', ip = '' }: LetterPayload, created: number): Letter {
  const place = [shownTime(parts, created), plain(browser), plain(ip)].join('\n')
  const text = [words.intro, place, `${words.rest} ${parts.issuer()}${paths.account}`].join('\n\n')
  return { to: user, subject: at(parts, words.subject), text }
}

const at = ({ issuer }: ComposeParts, subject: string): string => `${subject} ${new URL(issuer()).host}`
const shownTime = ({ zone }: ComposeParts, micros: number): string => `${formatTimestamp(micros, zone).slice(0, 16)} (${zone})`
