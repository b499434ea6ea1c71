import { splitScope } from '@annex/protocol'
import { endUserConnectionsPage, userConnectionsPage, type UserApp } from '../../../pages/apps/user-connections-page.ts'
import type { OwnApp } from '../apps.ts'
import { rightsOf } from '../app-views.ts'
import { pathOf, type Act, type Request } from '../connected-app-paths.ts'
import { shownTime } from '../page-parts.ts'
import { END_USER, USER, userNameOf, userPathOf } from './user-paths.ts'

/** What apps may do in one user's name, for System Managers. */
export const showUser: Act = async (exchange, person, { apps, users, zone }) => {
  const user = userIn(exchange)
  const connected = user === '' ? [] : (await apps.listFor(exchange.caller, user)).map((app) => viewOf(app, zone))
  const isKnown = connected.length > 0 || user === '' || (await users.person(user)) !== undefined
  return { page: userConnectionsPage({ person, action: USER, endHref: userPathOf(user, END_USER), user, isKnown, apps: connected }) }
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

const userIn = ({ query }: Request): string => userNameOf(query.get('user'))

const viewOf = ({ id, client, grants }: OwnApp, zone: string): UserApp => ({
  name: client?.name ?? id,
  href: `${pathOf(id)}/use`,
  connections: grants.length,
  rights: rightsOf([...new Set(grants.flatMap(({ grant, unsaid }) => [...splitScope(grant.granted), ...unsaid]))]),
  since: shownTime(Math.min(...grants.map(({ grant }) => grant.created)), zone),
})
