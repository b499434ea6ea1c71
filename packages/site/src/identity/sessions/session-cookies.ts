import type { Cookie } from '../../http/exchange.ts'
import type { Account } from '../accounts/accounts.ts'
import { SESSION_LIFE } from './sessions.ts'

const NAMES = ['sid', 'system_user', 'full_name', 'user_id', 'user_image']

const cookie = (name: string, value: string): Cookie => ({ name, value, maxAge: SESSION_LIFE, httpOnly: name === 'sid' })

/** The five cookies that Frappe's clients know a signed-in browser by. Scripts may read all but `sid`. */
export const sessionCookies = (sid: string, account: Account): readonly Cookie[] => [
  cookie('sid', sid),
  cookie('system_user', account.systemUser ? 'yes' : 'no'),
  cookie('full_name', account.fullName),
  cookie('user_id', account.user),
  cookie('user_image', account.userImage ?? ''),
]

/** Takes them away again. */
export const endedCookies: readonly Cookie[] = NAMES.map((name) => ({ name, value: '', maxAge: 0, httpOnly: name === 'sid' }))
