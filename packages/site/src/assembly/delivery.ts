import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { composeLetter } from '../identity/letters/compose-letter.ts'
import { LETTER } from '../identity/letters/letters.ts'
import type { PasswordResets } from '../identity/password-reset/password-resets.ts'
import { mailCarrier } from '../mail/mail-carrier.ts'
import { MailServer } from '../mail/mail-server.ts'
import { Outgoing } from '../outgoing/outgoing.ts'
import type { Rooms } from '../rooms.ts'
import type { Carrier, Courier } from '../webhooks/courier.ts'
import { DeliveryWorker } from '../webhooks/delivery-worker.ts'
import type { Issuer } from './issuer.ts'

/** What carries letters to users; nothing where no mail server is set. */
export function letterCarriers(
  { database, accounts, audit, clock }: Rooms,
  { mail, timezone }: Config,
  resets: PasswordResets,
  issuer: Issuer,
): [string, Carrier][] {
  if (!mail) return []
  const parts = { database, accounts, audit, resets, issuer: issuer.read, zone: timezone, now: () => clock.now() }
  return [[LETTER, mailCarrier({ server: new MailServer(mail), compose: (message) => composeLetter(parts, message) })]]
}

/** Sends what apps and users are told, while the site listens. */
export function deliveryWorker(
  { database, telling, clock }: Rooms,
  config: Config,
  couriers: ReadonlyMap<string, Courier | Carrier>,
  log: Logger,
): DeliveryWorker {
  return new DeliveryWorker({
    database,
    outbox: telling.outbox,
    outgoing: new Outgoing({ allowPrivate: config.allowPrivate }),
    couriers,
    now: () => clock.now(),
    onFault: (error) => log.error({ error }, 'an app could not be told'),
  })
}
