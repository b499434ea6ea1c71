import { invalid } from '@annex/protocol'
import type { Answer } from '../../http/exchange.ts'
import { secretPage } from '../../pages/secret-page.ts'
import { paths } from '../../pages/paths.ts'
import { idOf, pathOf, type Act } from './connected-app-paths.ts'
import { shownTime } from './page-parts.ts'

/** A new secret, shown this once; the one before goes on for a day. */
export const rotate: Act = async (exchange, person, { clients, zone }) => {
  const id = idOf(exchange)
  const document = await clients.read(exchange.caller, id)
  const { secret, oldUntil } = await clients.rotateSecret(exchange.caller, id)
  const view = { person, appName: String(document['app_name']), clientId: id, secret, href: pathOf(id) }
  return { page: secretPage({ ...view, oldUntil: oldUntil === undefined ? undefined : shownTime(oldUntil, zone) }) }
}

export const endSecret: Act = async (exchange, _person, { clients }) => {
  const id = idOf(exchange)
  await clients.endSecret(exchange.caller, id, exchange.form?.get('secret') ?? '')
  return { location: pathOf(id) }
}

export const retire: Act = async (exchange, _person, { clients }) => {
  await clients.retire(exchange.caller, idOf(exchange))
  return { location: paths.connectedApps }
}

/** Approves a waiting app, suspends one, or lets it go on. */
export const setState: Act = async (exchange, _person, { clients }) => {
  const state = exchange.form?.get('state')
  if (state !== 'Active' && state !== 'Suspended') throw invalid('The state must be Active or Suspended; open the page again')
  const id = idOf(exchange)
  await clients.setState(exchange.caller, id, state)
  return { location: pathOf(id) }
}

/** Takes advice on a right. */
export const takeAway: Act = async (exchange, _person, { apps }) => {
  const id = idOf(exchange)
  await apps.takeAway(exchange.caller, id, exchange.form?.get('scope') ?? '')
  return { location: pathOf(id) }
}

export const endAll: Act = async (exchange, _person, { apps }) => {
  await apps.endAllOf(exchange.caller, idOf(exchange))
  return toUse(idOf(exchange))
}

export const endGrant: Act = async (exchange, _person, { apps }) => {
  await apps.endGrant(exchange.caller, exchange.form?.get('grant') ?? '')
  return toUse(idOf(exchange))
}

export const endToken: Act = async (exchange, _person, { apps }) => {
  await apps.endToken(exchange.caller, exchange.form?.get('token') ?? '')
  return toUse(idOf(exchange))
}

const toUse = (id: string): Answer => ({ location: `${pathOf(id)}/use` })
