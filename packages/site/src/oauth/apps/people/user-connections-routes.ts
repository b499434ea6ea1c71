import { splitScope } from '@annex/protocol'
import { endUserConnectionsPage, userConnectionsPage, type UserApp } from '../../../pages/apps/user-connections-page.ts'
import type { OwnApp } from '../apps.ts'
import { rightsOf, sinceOf } from '../app-views.ts'
import { pathOf, type Act, type Request } from '../connected-app-paths.ts'
import { shownTime } from '../page-parts.ts'
import { END_USER, UNTIE_USER, USER, userNameOf, userPathOf } from './user-paths.ts'

/** What apps may do in one user's name, and by which other sites they sign in, for System Managers. */
export const showUser: Act = async (exchange, person, { apps, users, identities, zone }) => {
  const user = userIn(exchange)
  const connected = user === '' ? [] : (await apps.listFor(exchange.caller, user)).map((app) => viewOf(app, zone))
  const isKnown = connected.length > 0 || user === '' || (await users.person(user)) !== undefined
  const view = { person, action: USER, endHref: userPathOf(user, END_USER), untieAction: UNTIE_USER, user, isKnown, apps: connected }
  const tied = user === '' ? [] : await identities.listFor(exchange.caller, user)
  const shown = tied.map(({ issuer, label, created }) => ({ issuer, label, since: shownTime(created, zone) }))
  return { page: userConnectionsPage({ ...view, identities: shown }) }
}

/** Goes to the page of the user who was typed. */
export const findUser: Act = async ({ form }) => ({ location: userPathOf(userNameOf(form?.get('user'))) })

/** Asks whether all of it shall end. */
export const askToEnd: Act = async (exchange, person, { apps }) => {
  const user = userIn(exchange)
  const count = await apps.countFor(exchange.caller, user)
  if (count === 0) return { location: userPathOf(user) }
  return { page: endUserConnectionsPage({ person, action: END_USER, backHref: userPathOf(user), user, count }) }
}

export const endUser: Act = async ({ caller, form }, _person, { apps }) => {
  const user = userNameOf(form?.get('user'))
  if (user !== '') await apps.endAllFor(caller, user)
  return { location: userPathOf(user) }
}

/** Ends one way by which the user signs in. */
export const untieUser: Act = async ({ caller, form }, _person, { identities }) => {
  const user = userNameOf(form?.get('user'))
  await identities.untieFor(caller, user, form?.get('issuer') ?? '')
  return { location: userPathOf(user) }
}

const userIn = ({ query }: Request): string => userNameOf(query.get('user'))

const viewOf = (app: OwnApp, zone: string): UserApp => ({
  name: app.client?.name ?? app.id,
  href: `${pathOf(app.id)}/use`,
  connections: app.living.length,
  rights: rightsOf([...new Set(app.living.flatMap(({ grant, unsaid }) => [...splitScope(grant.granted), ...unsaid]))]),
  since: sinceOf(app, zone),
})
