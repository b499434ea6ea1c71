import { FrappeError } from '@annex/protocol'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import type { HttpServer } from '../../http/server.ts'
import { paths } from '../../pages/paths.ts'
import { forgotPasswordPage, passwordAskedPage } from '../../pages/account/forgot-password-page.ts'
import { resetLinkPage } from '../../pages/account/reset-link-page.ts'
import { passwordSetPage, setPasswordPage, spentLinkPage } from '../../pages/account/set-password-page.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { readPerson } from '../person.ts'
import type { ForgottenPasswords } from './forgotten-passwords.ts'
import type { PasswordResets } from './password-resets.ts'

export interface ResetRoutesParts {
  readonly accounts: Accounts
  readonly resets: PasswordResets
  readonly forgotten: ForgottenPasswords
}

type Request = Exchange<Principal>

const BODY_LIMIT = 64 * 1024

/** The page that a reset link leads to, the one where it is asked for, and the one where a System Manager makes one. */
export function resetRoutes(server: HttpServer<Principal>, parts: ResetRoutesParts): void {
  // Each costs a password's hashing.
  const perAddress = new Limits({ points: 20, seconds: 60 })
  server.route('GET', paths.setPassword, (request) => showForm(parts, request))
  server.route('POST', paths.setPassword, (request) => setPassword(parts, perAddress, request), { csrf: 'origin', bodyLimit: BODY_LIMIT })
  server.route('GET', paths.forgotPassword, (request) => showForgotten(parts, request))
  server.route('POST', paths.forgotPassword, (request) => askForLink(parts, request), { csrf: 'origin', bodyLimit: BODY_LIMIT })
  server.route('GET', paths.resetLink, (request) => showMaker(parts, request))
  server.route('POST', paths.resetLink, (request) => makeLink(parts, request), { csrf: 'required' })
}

async function showForm({ resets }: ResetRoutesParts, { query }: Request): Promise<Answer> {
  if (query.has('done')) return { page: passwordSetPage() }
  const key = query.get('key') ?? ''
  return sayingWhy(
    async () => ({ page: setPasswordPage({ key, user: await resets.userOf(key) }) }),
    async () => spentLinkPage(),
  )
}

async function setPassword({ resets }: ResetRoutesParts, perAddress: Limits, { form, ip }: Request): Promise<Answer> {
  const [key, password] = [form?.get('key') ?? '', form?.get('password') ?? '']
  await perAddress.consume(addressBlock(ip))
  const set = async (): Promise<Answer> => {
    await resets.use(key, password)
    return { location: `${paths.setPassword}?done=1` }
  }
  return sayingWhy(set, async (error) => {
    // The link may still be good, and the password alone not.
    const user = await resets.userOf(key).catch(() => undefined)
    return user === undefined ? spentLinkPage() : setPasswordPage({ key, user, error })
  })
}

async function showForgotten({ forgotten }: ResetRoutesParts, { query }: Request): Promise<Answer> {
  return { page: query.has('asked') ? passwordAskedPage() : forgotPasswordPage(forgotten) }
}

async function askForLink({ forgotten }: ResetRoutesParts, { form, ip }: Request): Promise<Answer> {
  const ask = async (): Promise<Answer> => {
    await forgotten.ask(form?.get('user') ?? '', ip)
    return { location: `${paths.forgotPassword}?asked=1` }
  }
  return sayingWhy(ask, async (error) => forgotPasswordPage({ isOpen: forgotten.isOpen, ...(forgotten.isOpen ? { error } : {}) }))
}

async function showMaker(parts: ResetRoutesParts, request: Request): Promise<Answer> {
  if (request.caller.session === undefined) return { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.resetLink)}` }
  return { page: resetLinkPage({ person: await readPerson(parts.accounts, request) }) }
}

async function makeLink({ accounts, resets }: ResetRoutesParts, request: Request): Promise<Answer> {
  const user = (request.form?.get('user') ?? '').trim()
  const person = await readPerson(accounts, request)
  return sayingWhy(
    async () => ({ page: resetLinkPage({ person, user, link: await resets.link(request.caller, user) }) }),
    async (error) => resetLinkPage({ person, user, error }),
  )
}

/** A refusal as a page that says it in words. */
async function sayingWhy(act: () => Promise<Answer>, page: (sentence: string) => Promise<string>): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    return { status: error.status, headers: error.options.headers ?? {}, page: await page(error.message) }
  }
}
