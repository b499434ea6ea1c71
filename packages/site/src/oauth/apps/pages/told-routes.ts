import type { Answer } from '../../../http/exchange.ts'
import { toldPage, type DeliveryView } from '../../../pages/apps/told-page.ts'
import { secretPage } from '../../../pages/secret-page.ts'
import { stateOf } from '../../clients/clients-store.ts'
import type { ListedDelivery } from '../../telling/deliveries.ts'
import { textOf } from '../../text-of.ts'
import { idOf, pathOf, toldPathOf, type Act } from '../connected-app-paths.ts'
import { shownTime } from '../page-parts.ts'

/** What one app is told: where, signed with what, and how far each message came. */
export const showTold: Act = async (exchange, person, { clients, telling, zone }) => {
  const [{ caller }, id] = [exchange, idOf(exchange)]
  const document = await clients.read(caller, id)
  const eventUri = textOf(document['event_uri']) || undefined
  const isOver = stateOf(document['state'], document['enabled']) === 'Retired'
  const page = toldPage({
    person,
    name: textOf(document['app_name']),
    href: pathOf(id),
    eventUri,
    logoutUri: textOf(document['backchannel_logout_uri']) || undefined,
    secrets: (await telling.eventSecrets.list(caller, id)).map(({ id: secret, created, expires }) => ({
      id: secret,
      created: shownTime(created, zone),
      expires: expires === null ? undefined : shownTime(expires, zone),
    })),
    rotateAction: eventUri === undefined || isOver ? undefined : `${pathOf(id)}/rotate-event-secret`,
    endSecretAction: `${pathOf(id)}/end-event-secret`,
    deliveries: (await telling.deliveries.list(caller, id)).map((delivery) => viewOf(delivery, zone)),
    retryAction: `${pathOf(id)}/retry-delivery`,
    forgetAction: `${pathOf(id)}/forget-delivery`,
  })
  return { page }
}

function viewOf({ created, nextAt, finished, ...delivery }: ListedDelivery, zone: string): DeliveryView {
  const time = (micros: number | undefined): string | undefined => (micros === undefined ? undefined : shownTime(micros, zone))
  // One that is due at once has no time of its own.
  const isLater = nextAt !== undefined && nextAt > created
  return { ...delivery, created: shownTime(created, zone), next: isLater ? time(nextAt) : undefined, finished: time(finished) }
}

/** A new secret of the event calls, shown this once; the one before signs, too, for a day. */
export const rotateEventSecret: Act = async (exchange, person, { clients, telling, zone }) => {
  const id = idOf(exchange)
  const document = await clients.read(exchange.caller, id)
  const { secret, oldUntil } = await telling.eventSecrets.rotate(exchange.caller, id)
  const view = { person, appName: textOf(document['app_name']), clientId: id, eventSecret: secret, href: toldPathOf(id) }
  return { page: secretPage({ ...view, oldUntil: oldUntil === undefined ? undefined : shownTime(oldUntil, zone) }) }
}

export const endEventSecret: Act = async (exchange, _person, { telling }) => {
  await telling.eventSecrets.endOne(exchange.caller, idOf(exchange), exchange.form?.get('secret') ?? '')
  return toTold(idOf(exchange))
}

export const retryDelivery: Act = async (exchange, _person, { telling }) => {
  await telling.deliveries.retry(exchange.caller, idOf(exchange), exchange.form?.get('delivery') ?? '')
  return toTold(idOf(exchange))
}

export const forgetDelivery: Act = async (exchange, _person, { telling }) => {
  await telling.deliveries.forget(exchange.caller, idOf(exchange), exchange.form?.get('delivery') ?? '')
  return toTold(idOf(exchange))
}

const toTold = (id: string): Answer => ({ location: toldPathOf(id) })
