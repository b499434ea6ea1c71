import { notFound } from '@annex/protocol'
import type { Answer } from '../../../http/exchange.ts'
import { grantPage, tokenPage, type GrantPageView } from '../../../pages/apps/grant-page.ts'
import type { TokenView } from '../../../pages/apps/grant-parts.ts'
import type { UseView } from '../../../pages/apps/use-parts.ts'
import type { Person } from '../../../pages/layout.ts'
import { grantView, useView, type Words } from '../app-views.ts'
import type { Apps, UsedGrant } from '../apps.ts'
import { pathOf, type Act, type Request } from '../connected-app-paths.ts'
import { isNamed, ownGrantPathOf, siteGrantPathOf } from './grant-paths.ts'
import { END_GRANT, END_TOKEN, ownPathOf } from './my-app-paths.ts'

interface Parts extends Words {
  readonly apps: Apps
}

/** What was done with one of the caller's own connections. */
export async function showOwnGrant(exchange: Request, person: Person, parts: Parts): Promise<Answer> {
  const used = await ownGrantIn(exchange, parts)
  const actions = { endGrant: END_GRANT, endToken: END_TOKEN }
  return { page: await pageOf(exchange, used, { person, backHref: ownPathOf(used.grant.client), actions, withUser: false }, parts) }
}

/** What was done with one connection of anybody's, for System Managers. */
export const showSiteGrant: Act = async (exchange, person, parts) => {
  const used = await grantIn(exchange, parts)
  const path = pathOf(used.grant.client)
  const actions = { endGrant: `${path}/end-grant`, endToken: `${path}/end-token` }
  return { page: await pageOf(exchange, used, { person, backHref: `${path}/use`, actions, withUser: true }, parts) }
}

/** What was done with one token of the caller's own. */
export async function showOwnToken(exchange: Request, person: Person, parts: Parts): Promise<Answer> {
  const used = await ownGrantIn(exchange, parts)
  const view = { person, backHref: ownGrantPathOf(used.grant), endToken: END_TOKEN, name: used.appName }
  return { page: tokenPage({ ...view, ...(await tokenIn(exchange, used, parts, false)) }) }
}

/** What was done with one token of anybody's, for System Managers. */
export const showSiteToken: Act = async (exchange, person, parts) => {
  const used = await grantIn(exchange, parts)
  const view = { person, backHref: siteGrantPathOf(used.grant), endToken: `${pathOf(used.grant.client)}/end-token`, name: used.appName }
  return { page: tokenPage({ ...view, ...(await tokenIn(exchange, used, parts, true)) }) }
}

/** @throws {FrappeError} `DoesNotExistError` for one that has ended, or is no access token of the connection */
async function tokenIn(
  { caller, params }: Request,
  used: UsedGrant,
  parts: Parts,
  withUser: boolean,
): Promise<{ token: TokenView; use: UseView }> {
  const { token: name = '' } = params
  const token = grantView(used, parts, withUser).tokens.find(({ hash, kind }) => kind === 'access' && isNamed(hash, name))
  if (!token) throw notFound('OAuth Bearer Token', name.slice(0, 140))
  return { token, use: useView(await parts.apps.reportToken(caller, token.hash), parts) }
}

/** As `grantIn`, of the caller's own: a System Manager reads those of others among the connected apps. */
async function ownGrantIn(exchange: Request, parts: Parts): Promise<UsedGrant> {
  const used = await grantIn(exchange, parts)
  if (used.grant.user !== exchange.caller.user) throw noGrant(used.grant.id)
  return used
}

/** @throws {FrappeError} `DoesNotExistError` for one of another app, too */
async function grantIn({ caller, params }: Request, { apps }: Parts): Promise<UsedGrant> {
  const { id = '', grant = '' } = params
  const used = await apps.readGrant(caller, grant)
  if (used.grant.client !== id) throw noGrant(grant)
  return used
}

const noGrant = (id: string): Error => notFound('Grant', id.slice(0, 140))

async function pageOf(
  { caller }: Request,
  used: UsedGrant,
  { withUser, ...view }: Pick<GrantPageView, 'person' | 'backHref' | 'actions'> & { readonly withUser: boolean },
  parts: Parts,
): Promise<string> {
  const grant = { ...grantView(used, parts, withUser), href: undefined }
  const use = useView(await parts.apps.reportGrant(caller, used.grant.id), parts)
  return grantPage({ ...view, name: used.appName, grant, use })
}
