import { FrappeError, invalid, splitScope } from '@annex/protocol'
import {
  endUserConnectionsPage,
  userConnectionsPage,
  type UserAccess,
  type UserApp,
  type UserConnectionsView,
} from '../../../pages/apps/user-connections-page.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import type { OwnApp } from '../apps.ts'
import { networksOf, rightsOf, sinceOf, useView } from '../app-views.ts'
import { pathOf, type Act, type ConnectedAppsParts, type Request } from '../connected-app-paths.ts'
import { shownTime } from '../page-parts.ts'
import { END_USER, UNTIE_USER, USER, USER_ACCESS, userNameOf, userPathOf } from './user-paths.ts'

/** What apps may do in one user's name and did, and by which other sites they sign in, for System Managers. */
export const showUser: Act = async (exchange, person, parts) => {
  const user = userIn(exchange)
  const view = { person, action: USER, endHref: userPathOf(user, END_USER), untieAction: UNTIE_USER, user }
  const nobody = { isKnown: true, apps: [], networks: [], identities: [] }
  return { page: userConnectionsPage({ ...view, ...(user === '' ? nobody : await factsOf(exchange.caller, user, parts)) }) }
}

type Facts = Pick<UserConnectionsView, 'isKnown' | 'apps' | 'use' | 'networks' | 'access' | 'identities'>

async function factsOf(caller: Principal, user: string, parts: ConnectedAppsParts): Promise<Facts> {
  const { apps, users, identities, zone } = parts
  const connected = await apps.listFor(caller, user)
  const isPerson = (await users.person(user)) !== undefined
  const tied = await identities.listFor(caller, user)
  return {
    isKnown: connected.length > 0 || isPerson,
    apps: connected.map((app) => viewOf(app, zone)),
    use: connected.length === 0 ? undefined : useView(await apps.reportFor(caller, user), parts),
    networks: networksOf(connected.flatMap(({ grants }) => grants)),
    access: isPerson ? await accessOf(caller, user, parts) : undefined,
    identities: tied.map(({ issuer, label, created }) => ({ issuer, label, since: shownTime(created, zone) })),
  }
}

/** Of Administrator no program is kept by it, and a manager whose permissions hide the User switches nothing. */
async function accessOf(caller: Principal, user: string, { documents }: ConnectedAppsParts): Promise<UserAccess | undefined> {
  if (user === ADMINISTRATOR.user) return undefined
  try {
    const document = await documents.read(caller, { doctype: 'User', name: user })
    return { isOn: Number(document['api_access'] ?? 1) === 1, action: USER_ACCESS }
  } catch (error) {
    if (error instanceof FrappeError) return undefined
    throw error
  }
}

/** Lets programs act for the user, or none: as a change of their User does. */
export const switchAccess: Act = async ({ caller, form }, _person, { documents }) => {
  const [user, choice] = [userNameOf(form?.get('user')), form?.get('api_access')]
  if (choice !== '0' && choice !== '1') throw invalid('api_access must be 0 or 1')
  await documents.update(caller, { doctype: 'User', name: user, values: { api_access: Number(choice) } })
  return { location: userPathOf(user) }
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
