import { FrappeError } from '@annex/protocol'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Cookie, Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import type { HttpServer } from '../../http/server.ts'
import { paths } from '../../pages/paths.ts'
import { signInPage } from '../../pages/sign-in-page.ts'
import type { Principal } from '../../policy/principal.ts'
import { secondStepPage } from '../factor/second-step.ts'
import { redirectTarget } from '../redirect-target.ts'
import { sessionCookies } from '../sessions/session-cookies.ts'
import type { SignIn } from '../sign-in.ts'
import { callbackPaths, FRAPPE_NAME } from './social-key.ts'
import type { SocialKeys } from './social-keys.ts'
import { SOCIAL_LIFE, type SocialSignIn } from './social-sign-in.ts'

export interface SocialRoutesParts {
  readonly keys: SocialKeys
  readonly social: SocialSignIn
  readonly signIn: SignIn
  /** The site's own origin. */
  readonly issuer: () => string
}

type Request = Exchange<Principal>

const COOKIE = 'social_sign_in'
const BODY_LIMIT = 64 * 1024
const cookie = (value: string): Cookie => ({ name: COOKIE, value, maxAge: value === '' ? 0 : SOCIAL_LIFE, httpOnly: true })

/** To another provider, and back from it. */
export function socialRoutes(server: HttpServer<Principal>, parts: SocialRoutesParts): void {
  // Each writes a row, and may call the provider. The way back needs no count: it calls nobody without such a row.
  const perAddress = new Limits({ points: 50, seconds: 60 })
  server.route('POST', `${paths.socialSignIn}/:name`, (request) => start(parts, perAddress, request), {
    csrf: 'origin',
    bodyLimit: BODY_LIMIT,
  })
  server.route('GET', callbackPaths.frappe, (request) => finish(parts, request, FRAPPE_NAME))
  server.route('GET', callbackPaths.named, (request) => finish(parts, request, request.params['name'] ?? ''))
}

async function start(parts: SocialRoutesParts, perAddress: Limits, request: Request): Promise<Answer> {
  const target = redirectTarget(request.form?.get('redirect-to'), parts.issuer(), paths.home)
  return sayingWhy(parts, target, async () => {
    await perAddress.consume(addressBlock(request.ip))
    const { location, secret } = await parts.social.start(request.params['name'] ?? '', target)
    return { location, cookies: [cookie(secret)] }
  })
}

async function finish(parts: SocialRoutesParts, request: Request, name: string): Promise<Answer> {
  const { query, cookies, ip, headers, caller } = request
  return sayingWhy(parts, paths.home, async () => {
    const arrival = { name, query, ip, secret: cookies[COOKIE], userAgent: headers['user-agent'], previous: caller.session }
    const arrived = await parts.social.finish(arrival)
    // Once more by the rules of today: the site may have moved.
    const target = redirectTarget(arrived.redirectTo, parts.issuer(), paths.home)
    if ('pending' in arrived) return { page: await secondStepPage(parts, arrived, target), formsLeave: true, cookies: [cookie('')] }
    return { location: target, cookies: [...sessionCookies(arrived.sid, arrived.account), cookie('')] }
  })
}

/** A refusal on the sign-in page, where one can go on. */
async function sayingWhy({ keys }: SocialRoutesParts, redirectTo: string, act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    const page = signInPage({ redirectTo, error: error.message, providers: await keys.buttons() })
    return { status: error.status, headers: error.options.headers ?? {}, page, formsLeave: true }
  }
}
