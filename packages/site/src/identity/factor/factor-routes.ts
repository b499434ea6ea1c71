import type { Connection } from '@annex/database'
import { FrappeError, invalid } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import { factorPage, recoveryCodesPage } from '../../pages/account/factor-page.ts'
import { paths } from '../../pages/paths.ts'
import { texts } from '../../pages/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { PasswordProof } from '../own-account/password-proof.ts'
import { readPerson } from '../person.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { SecondFactors } from './second-factors.ts'

export interface FactorRoutesParts {
  readonly accounts: Accounts
  readonly factors: SecondFactors
  readonly sessions: Sessions
  readonly proof: PasswordProof
  /** The site's own origin. */
  readonly issuer: () => string
}

type Request = Exchange<Principal>
type Act = (parts: FactorRoutesParts, request: Request, session: string) => Promise<Answer>

const signInFirst: Answer = { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.factor)}` }

/** The page where a person sets up a second factor of their own, and turns it off. Both take the password: a session may be another's. */
export function factorRoutes(server: HttpServer<Principal>, parts: FactorRoutesParts): void {
  const limited =
    (act: Act): ((request: Request) => Promise<Answer>) =>
    async (request) => {
      const { session } = request.caller
      if (session === undefined) return signInFirst
      try {
        return await act(parts, request, session)
      } catch (error) {
        if (!(error instanceof FrappeError)) throw error
        return { ...(await show(parts, request, session, error.message)), status: error.status }
      }
    }
  server.route('GET', paths.factor, async (request) => {
    const { session } = request.caller
    return session === undefined ? signInFirst : show(parts, request, session)
  })
  server.route('POST', `${paths.factor}/begin`, limited(begin), { csrf: 'required' })
  server.route('POST', `${paths.factor}/confirm`, limited(confirm), { csrf: 'required' })
  server.route('POST', `${paths.factor}/off`, limited(turnOff), { csrf: 'required' })
}

async function show({ accounts, factors, issuer }: FactorRoutesParts, request: Request, session: string, error?: string): Promise<Answer> {
  const { user } = request.caller
  const person = await readPerson(accounts, request)
  const enrolment = await factors.enrolment(user, hostOf(issuer), session)
  const codesLeft = (await factors.isOn(user)) ? await factors.recoveryCodesLeft(user) : undefined
  return { page: factorPage({ person, enrolment, codesLeft, isRequired: request.caller.factor !== undefined, error }) }
}

const begin: Act = async (parts, request, session) => {
  await parts.proof.require(request)
  await parts.factors.enrol(request.caller.user, hostOf(parts.issuer), session)
  return { location: paths.factor }
}

const confirm: Act = async ({ accounts, factors, sessions, proof }, request, own) => {
  const { user } = request.caller
  await proof.count(user)
  // Begun without a code, and perhaps another's: none of them may count as one with a factor.
  const endOthers = (connection: Connection): Promise<void> => sessions.endOthers(connection, user, own)
  const codes = await factors.confirm(user, own, request.form?.get('code') ?? '', endOthers)
  return { page: recoveryCodesPage({ person: await readPerson(accounts, request), codes, href: paths.account }) }
}

const turnOff: Act = async (parts, request) => {
  if (request.caller.factor !== undefined) throw invalid(texts.factor.required)
  await parts.proof.require(request)
  await parts.factors.turnOff(request.caller.user)
  return { location: paths.factor }
}

const hostOf = (issuer: FactorRoutesParts['issuer']): string => new URL(issuer()).host
