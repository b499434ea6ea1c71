import { invalid, notPermitted } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import type { ListedSecret } from '../clients/secrets/client-secrets.ts'
import type { Clients } from '../clients/clients.ts'
import type { Apps } from './apps.ts'
import type { ListedEventSecret } from '../telling/event-secrets.ts'
import type { Telling } from '../telling/telling.ts'
import { grantJson, networkJson, ownAppJson, reportJson, timesIn } from './apps-json.ts'
import { HOUR } from '../storage/durations.ts'
import type { UseReport } from './use-report.ts'

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
}

export interface AppsMethodParts {
  readonly apps: Apps
  readonly clients: Clients
  readonly telling: Pick<Telling, 'deliveries' | 'eventSecrets'>
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
}

type Late = () => AppsMethodParts
type Work = (call: Call, parts: AppsMethodParts) => Promise<unknown>

const STATES = ['Active', 'Suspended', 'Retired'] as const
const DECISIONS = ['Waiting', 'Approved', 'Refused'] as const

/**
 * The JSON of My apps and Connected Apps, in the shape that the site registers. For people and their API keys: an app does
 * not rule over apps, unless a System Manager lifted its fence and its user granted it everything.
 *
 * @param late - the parts, which are put together after the methods
 */
export function appsMethods(late: Late) {
  const method = <const M extends readonly ('GET' | 'POST')[]>(name: string, httpMethods: M, work: Work) => ({
    name: `annex.apps.${name}`,
    httpMethods,
    guest: false,
    rights: 'undeclared' as const,
    handler: async (call: Call): Promise<unknown> => {
      requireNoApp(call.principal)
      return work(call, late())
    },
  })
  return [
    method('mine', ['GET'], listMine),
    method('my_usage', ['GET'], reportMine),
    method('end', ['POST'], end),
    method('list', ['GET'], list),
    method('get', ['GET'], get),
    method('usage', ['GET'], report),
    method('of_user', ['GET'], listOfUser),
    method('advice', ['GET'], ({ principal, args }, { apps }) => apps.advice(principal, text(args, 'client'))),
    method('take_away', ['POST'], takeAway),
    method('set_state', ['POST'], setState),
    method('rotate_secret', ['POST'], rotateSecret),
    method('end_secret', ['POST'], endSecret),
    method('end_all', ['POST'], endAll),
    method('approvals', ['GET'], listApprovals),
    method('decide', ['POST'], decide),
    method('rotate_event_secret', ['POST'], rotateEventSecret),
    method('end_event_secret', ['POST'], endEventSecret),
    method('deliveries', ['GET'], listDeliveries),
    method('retry_delivery', ['POST'], retryDelivery),
    method('forget_delivery', ['POST'], forgetDelivery),
  ]
}

/** @throws {FrappeError} `PermissionError` for a token that is not both unfenced and granted everything */
function requireNoApp({ token }: Principal): void {
  if (token && !(token.unfenced && token.scopes.all))
    throw notPermitted('Apps do not rule over apps: sign in and do it yourself, or use an API key')
}

function text(args: Call['args'], name: string): string {
  const value = args[name]
  if (typeof value !== 'string' || value === '') throw invalid(`Send ${name}`)
  return value
}

const optional = (args: Call['args'], name: string): string | undefined =>
  args[name] === undefined || args[name] === '' ? undefined : text(args, name)

function oneOf<T extends string>(choices: readonly T[], name: string, value: string): T {
  const choice = choices.find((each) => each === value)
  if (choice === undefined) throw invalid(`${name} must be one of ${choices.join(', ')}`)
  return choice
}

const listMine: Work = async ({ principal }, { apps, zone }) => (await apps.listOwn(principal)).map((app) => ownAppJson(app, timesIn(zone)))

/** Of one app, of one of its grants, or of one token. */
const reportMine: Work = async ({ principal, args }, { apps, zone }) => {
  const used = partialReport({ principal, args }, apps) ?? apps.reportOwn(principal, text(args, 'client'))
  return reportJson(await used, timesIn(zone))
}

/** Of one token or one grant; undefined when neither is named. */
function partialReport({ principal, args }: Call, apps: Apps): Promise<UseReport> | undefined {
  const [token, grant] = [optional(args, 'token'), optional(args, 'grant')]
  if (token !== undefined) return apps.reportToken(principal, token)
  return grant === undefined ? undefined : apps.reportGrant(principal, grant)
}

/** The apps that act for another user. */
const listOfUser: Work = async ({ principal, args }, { apps, zone }) =>
  (await apps.listFor(principal, text(args, 'user'))).map((app) => ownAppJson(app, timesIn(zone)))

/** One token, one grant, one app of one's own, or all of them (`all=1`). */
const end: Work = async ({ principal, args }, { apps }) => {
  const [token, grant, client] = ['token', 'grant', 'client'].map((name) => optional(args, name))
  if (token !== undefined) return apps.endToken(principal, token)
  if (grant !== undefined) return apps.endGrant(principal, grant)
  if (client === undefined && Number(args['all']) !== 1) throw invalid('Send token, grant or client, or all=1 for all of your apps')
  return { ended: await apps.endOwn(principal, client) }
}

const list: Work = async ({ principal }, { clients, zone }) => {
  const time = timesIn(zone)
  const listed = await clients.list(principal)
  return listed.map(({ id, name, kind, state, lastUsed }) => ({ client: id, app_name: name, kind, state, last_used: time(lastUsed) }))
}

const get: Work = async ({ principal, args }, { apps, clients, telling, zone }) => {
  const [id, time] = [text(args, 'client'), timesIn(zone)]
  const document = await clients.read(principal, id)
  return {
    settings: document,
    secrets: (await clients.listSecrets(principal, id)).map((secret) => secretJson(secret, zone)),
    secret_networks: (await apps.listSecretNetworks(principal, id)).map((network) => networkJson(network, time)),
    event_secrets: (await telling.eventSecrets.list(principal, id)).map((secret) => secretJson(secret, zone)),
    exceptions: (await clients.listUses(principal, id)).map(({ kind, count, lastUsed }) => ({ kind, count, last_used: time(lastUsed) })),
    advice: await apps.advice(principal, id),
    grants: (await apps.listGrants(principal, id)).map((grant) => grantJson(grant, time)),
  }
}

const secretJson = (listed: ListedSecret | ListedEventSecret, zone: string): object => {
  const [time, { id, created, expires }] = [timesIn(zone), listed]
  const dates = { secret: id, created: time(created), expires: time(expires) }
  return 'last_used' in listed ? { ...dates, last_used: time(listed.last_used) } : dates
}

/** Of one app, of all that act for one user, of one grant, or of one token. */
const report: Work = async ({ principal, args }, { apps, zone }) => {
  const user = optional(args, 'user')
  const whole = () => (user === undefined ? apps.report(principal, text(args, 'client')) : apps.reportFor(principal, user))
  return reportJson(await (partialReport({ principal, args }, apps) ?? whole()), timesIn(zone))
}

const takeAway: Work = ({ principal, args }, { apps }) => apps.takeAway(principal, text(args, 'client'), text(args, 'scope'))

const setState: Work = async ({ principal, args }, { clients }) => {
  const [id, state] = [text(args, 'client'), oneOf(STATES, 'state', text(args, 'state'))]
  await (state === 'Retired' ? clients.retire(principal, id) : clients.setState(principal, id, state))
}

/** Microseconds that the secret before goes on being good: a day, unless told otherwise. */
const overlapOf = (args: Call['args']): number => Number(args['overlap_hours'] ?? 24) * HOUR

const rotateSecret: Work = async ({ principal, args }, { clients, zone }) => {
  const { secret, oldUntil } = await clients.rotateSecret(principal, text(args, 'client'), overlapOf(args))
  return { client_secret: secret, old_until: timesIn(zone)(oldUntil) }
}

const endSecret: Work = ({ principal, args }, { clients }) => clients.endSecret(principal, text(args, 'client'), text(args, 'secret'))

/** All of an app's grants, or all of a user's. */
const endAll: Work = async ({ principal, args }, { apps }) => {
  const [client, user] = [optional(args, 'client'), optional(args, 'user')]
  if ((client === undefined) === (user === undefined)) throw invalid('Send client or user, one of them')
  return { ended: await (client === undefined ? apps.endAllFor(principal, user ?? '') : apps.endAllOf(principal, client)) }
}

/** Who waits, unless `state` says otherwise. */
const listApprovals: Work = async ({ principal, args }, { clients, zone }) => {
  const client = optional(args, 'client')
  const state = oneOf(DECISIONS, 'state', optional(args, 'state') ?? 'Waiting')
  const rows = await clients.approvals.list(principal, client === undefined ? { state } : { state, client })
  return rows.map((row) => ({ client: row.client, user: row.user, state: row.state, created: timesIn(zone)(row.created) }))
}

const decide: Work = ({ principal, args }, { clients }) => {
  const [client, user, decision] = [text(args, 'client'), text(args, 'user'), text(args, 'decision')]
  if (decision === 'approve') return clients.approvals.approve(principal, client, user)
  if (decision === 'refuse') return clients.approvals.refuse(principal, client, user)
  throw invalid('decision must be approve or refuse')
}

const rotateEventSecret: Work = async ({ principal, args }, { telling, zone }) => {
  const { secret, oldUntil } = await telling.eventSecrets.rotate(principal, text(args, 'client'), overlapOf(args))
  return { event_secret: secret, old_until: timesIn(zone)(oldUntil) }
}

const endEventSecret: Work = ({ principal, args }, { telling }) =>
  telling.eventSecrets.endOne(principal, text(args, 'client'), text(args, 'secret'))

/** What the app was told and has yet to hear, newest first. */
const listDeliveries: Work = async ({ principal, args }, { telling, zone }) => {
  const time = timesIn(zone)
  return (await telling.deliveries.list(principal, text(args, 'client'))).map((delivery) => ({
    delivery: delivery.id,
    kind: delivery.kind,
    state: delivery.state,
    attempts: delivery.attempts,
    created: time(delivery.created),
    next_at: time(delivery.nextAt),
    finished: time(delivery.finished),
    last_error: delivery.lastError ?? null,
    grant: delivery.grant ?? null,
    reason: delivery.reason ?? null,
  }))
}

const retryDelivery: Work = ({ principal, args }, { telling }) =>
  telling.deliveries.retry(principal, text(args, 'client'), text(args, 'delivery'))

const forgetDelivery: Work = ({ principal, args }, { telling }) =>
  telling.deliveries.forget(principal, text(args, 'client'), text(args, 'delivery'))
