import type { InboxEntry } from '../../stores/connector-store.ts'
import type { Room, RoomParts } from '../connector/room.ts'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { keptSid } from '../sign-in/sessions.ts'
import { tell } from '../tokens/upkeep/telling.ts'
import { Verification } from '../tokens/verification.ts'
import { InboxWorker } from '../webhooks/inbox/inbox-worker.ts'
import { receive, type Letter } from '../webhooks/receiver.ts'
import { textOf, type Signed } from '../webhooks/schemes.ts'
import { Confirming } from './confirming.ts'
import { judgeEvent } from './events.ts'
import { writeNotice } from './notices.ts'
import { LOGOUT_PATH, type RevocationOptions } from './revocation-options.ts'
import { readEnding, writeEnding, type SignOut } from './sign-out.ts'

const [JSON_TYPE, FORM_TYPE] = ['application/json', 'application/x-www-form-urlencoded']

/** Hears of access that ends: event calls at `POST <base>/events`, logout tokens at `POST <base>/backchannel-logout`. */
export function revocationsRoom(parts: RoomParts, { eventSecrets = [] }: RevocationOptions): Room {
  const { store, basePath, clock } = parts
  // Each notice asks anew: what stood a second ago is what it is about.
  const verification = new Verification(parts, 0)
  const confirming = new Confirming({
    ...parts,
    stands: (held) => verification.stands(held),
    tell: (id) => tell({ ...parts, leases: store.leases }, id),
  })
  const signOuts = new SignOuts(parts)
  const received = { ...parts, inbox: store.inbox }
  const worker = new InboxWorker(received, {
    event: (entry) => confirming.work(entry),
    logout: (entry) => signOuts.work(entry).then(parts.wake),
  })
  const events = (request: Request): Promise<Response> =>
    receive(request, {
      ...received,
      takes: (mediaType) => mediaType === JSON_TYPE,
      judge: (signed) => judgeEvent(signed, { ...parts, secrets: eventSecrets, clock }),
    })
  const logout = (request: Request): Promise<Response> =>
    receive(request, { ...received, takes: (mediaType) => mediaType === FORM_TYPE, judge: (signed) => signOuts.judge(signed) })
  return {
    routes: [
      { route: { method: 'POST', path: `${basePath}/events`, body: true }, answer: events },
      { route: { method: 'POST', path: `${basePath}${LOGOUT_PATH}`, body: true }, answer: logout },
    ],
    work: (signal) => worker.work(signal),
  }
}

/** Ends the app's own sessions when the site says that somebody signed out there. */
class SignOuts {
  readonly #parts: RoomParts
  #tokens: Promise<import('./logout-tokens.ts').LogoutTokens> | undefined

  constructor(parts: RoomParts) {
    this.#parts = parts
  }

  async judge({ body }: Signed): Promise<Letter> {
    const [token, ...more] = new URLSearchParams(textOf(body)).getAll('logout_token')
    if (token === undefined || more.length > 0) return { status: 400, why: 'malformed' }
    const signOut = await this.#verified(token)
    if (signOut === 'unknown') return { status: 503, why: 'no-keys' }
    if (signOut === undefined) return { status: 400, why: 'no-logout-token' }
    const sid = signOut.sid === undefined ? undefined : await keptSid(signOut.sid)
    const subs = signOut.sub === undefined ? await this.#peopleAt(sid) : [signOut.sub]
    // Nobody is signed in here by that session: it has ended already, or began before the app kept what it is called.
    if (subs.length === 0) return { ignored: 'nobody' }
    return { entry: { id: `l:${signOut.jti}`, kind: 'logout', payload: writeEnding({ subs, sid }) }, atOnce: (entry) => this.work(entry) }
  }

  /**
   * Ends the sessions, and has it asked afterwards whether their access to the site goes on. A token that comes again ends
   * nothing: who signed in since stays.
   */
  async work(entry: Omit<InboxEntry, 'attempts'>): Promise<void> {
    const { subs, sid } = readEnding(entry)
    for (const [place, sub] of subs.entries()) await this.#end(entry, sub, sid, place === 0 ? `a:${entry.id}` : `a:${place}:${entry.id}`)
  }

  async #end({ receivedAt }: Omit<InboxEntry, 'attempts'>, sub: string, sid: string | undefined, id: string): Promise<void> {
    const { store, issuer, listeners } = this.#parts
    const connection = await store.connections.find(issuer, sub)
    if (connection === undefined) return
    const ended = await store.sessions.removeAll(connection.id, sid)
    // Nobody is waited for: until it is done, a worker may take it, and end the sessions that were begun since.
    if (ended > 0) void listeners.emit('signed-out', { connection: connection.id, by: 'site' })
    // An entry of its own: what is asked again, while the site is away, ends no session again.
    const payload = writeNotice({ about: 'ended', sub, reason: 'signed_out' })
    await store.inbox.add({ id, kind: 'event', payload, receivedAt })
  }

  /** Before it is kept: once its sessions have ended nothing here tells whose they were. */
  async #peopleAt(sid: string | undefined): Promise<string[]> {
    const { store, issuer } = this.#parts
    const ids = sid === undefined ? [] : await store.sessions.connectionsOf(sid)
    const found = await Promise.all(ids.map((id) => store.connections.read(id)))
    return found.flatMap((connection) => (connection?.issuer === issuer ? [connection.subject] : []))
  }

  async #verified(token: string): Promise<SignOut | 'unknown' | undefined> {
    this.#tokens ??= import('./logout-tokens.ts').then(({ LogoutTokens }) => new LogoutTokens(this.#parts))
    try {
      return await (await this.#tokens).verify(token)
    } catch (error) {
      if (error instanceof UpstreamUnavailable || error instanceof InvalidSignIn) return 'unknown'
      throw error
    }
  }
}
