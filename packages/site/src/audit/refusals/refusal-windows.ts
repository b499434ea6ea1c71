import { randomUUID } from 'node:crypto'
import { concealed } from '@annex/protocol'
import { networkOf } from './network-of.ts'

/** A refusal, as the trail remembers it. Nothing of it is free text of the caller's. */
export interface Refused {
  /** `scope refused`, `sign-in refused`. */
  readonly event: string
  /** A few words, always the same for the same thing. */
  readonly reason?: string | undefined
  readonly user?: string | undefined
  readonly client?: string | undefined
  readonly grant?: string | undefined
  readonly ip?: string | undefined
  /** What was tried: `list Item`. */
  readonly act?: string | undefined
  /** The scope that would have been enough. */
  readonly scope?: string | undefined
  /** The incident that its caller was told; absent = one is made. It stands apart from others of its kind… */
  readonly incident?: string | undefined
  /** …unless it is one of many: the first names them all. */
  readonly isShared?: boolean | undefined
}

/** Without the tokens that a caller put where a name should stand. */
export const withoutSecrets = (refused: Refused): Refused => ({
  ...refused,
  ...(refused.act === undefined ? {} : { act: concealed(refused.act) }),
  ...(refused.scope === undefined ? {} : { scope: concealed(refused.scope) }),
})

/** So many of one kind to be written, under one incident. */
export interface Counted {
  readonly refused: Refused
  readonly incident: string
  readonly count: number
}

export interface WindowLimits {
  /** Microseconds in which the same refusal is one. */
  readonly length: number
  /** Different refusals in one window; what comes beyond is one sum. */
  readonly most: number
  /** Of those at most, of one app; or of one user, where no app is known. What comes beyond is a sum that names them. */
  readonly mostOfOne: number
  /** Of those of one app at most, of one user; or of no user that is known. */
  readonly mostWithin: number
  /** Of those at most, where nobody is known. */
  readonly mostOfNobody: number
}

const LIMITS: WindowLimits = { length: 60_000_000, most: 600, mostOfOne: 100, mostWithin: 50, mostOfNobody: 300 }
const BEYOND = 'refusals beyond the limit'
/** No refusal has a key that begins so: keys are JSON. */
const BEYOND_KEY = 'beyond'

interface Window {
  readonly refused: Refused
  readonly incident: string
  readonly since: number
  written: number
  pending: number
}

interface Share {
  readonly name: string
  /** What its sum names. */
  readonly of: Pick<Refused, 'client' | 'user'>
  readonly most: number
}

/**
 * Counts refusals, so that whoever is refused many times fills no disk: those that are the same within a minute (event, client,
 * user, scope, act, reason, network) share one incident, and of different ones so many a minute are kept apart. No app and no user can use
 * up all of that alone, nor a user all of their app's, so that what is refused to others meanwhile would be a mere number.
 * What it is asked for it gives; writing is its caller's.
 */
export class RefusalWindows {
  readonly #limits: WindowLimits
  readonly #windows = new Map<string, Window>()
  #fresh = { since: 0, count: 0, ofEach: new Map<string, number>() }

  constructor(limits: WindowLimits = LIMITS) {
    this.#limits = limits
  }

  /** Counts one; when it is the first of its kind it is to be written at once. */
  count(refused: Refused, now: number): { readonly incident: string; readonly first?: Counted } {
    const key = keyOf(refused)
    const open = this.#open(key, now)
    if (open) return repeated(open)
    const full = this.#full(refused, now)
    if (!full) return this.#begin(key, refused, now)
    const beyondKey = `${BEYOND_KEY} ${keyOf(full)}`
    const beyond = this.#open(beyondKey, now)
    return beyond ? repeated(beyond) : this.#begin(beyondKey, full, now)
  }

  /**
   * What has been counted and is to be written now: all of a window that has ended, and of one that is open once it has doubled,
   * so that a flood of any length is a few rows and little of it is lost with the process.
   */
  due(now: number, all = false): Counted[] {
    const due: Counted[] = []
    for (const [key, window] of this.#windows) {
      const ended = all || this.#hasEnded(window, now)
      if (window.pending > 0 && (ended || window.pending >= window.written)) due.push(taken(window))
      if (ended) this.#windows.delete(key)
    }
    return due
  }

  /** Puts back what could not be written. */
  putBack(counted: readonly Counted[], now: number): void {
    for (const { refused, incident, count } of counted)
      this.#windows.set(`${keyOf(refused)} ${incident}`, { refused, incident, since: now, written: 0, pending: count })
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0
  }

  #begin(key: string, refused: Refused, now: number): { incident: string; first: Counted } {
    // One that has ended and was not written yet goes on under a key that nobody asks for.
    const before = this.#windows.get(key)
    if (before) this.#windows.set(`${key} ${before.incident}`, before)
    const incident = refused.incident ?? randomUUID()
    this.#windows.set(key, { refused, incident, since: now, written: 1, pending: 0 })
    return { incident, first: { refused, incident, count: 1 } }
  }

  #open(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key)
    return window && !this.#hasEnded(window, now) ? window : undefined
  }

  #hasEnded(window: Window, now: number): boolean {
    return now - window.since >= this.#limits.length
  }

  /** Of what sum one more of a new kind is; undefined while there is room for it. */
  #full(refused: Refused, now: number): Refused | undefined {
    if (now - this.#fresh.since >= this.#limits.length) this.#fresh = { since: now, count: 0, ofEach: new Map() }
    const { count, ofEach } = this.#fresh
    if (count >= this.#limits.most) return { event: BEYOND }
    const shares = this.#sharesOf(refused)
    const full = shares.find(({ name, most }) => (ofEach.get(name) ?? 0) >= most)
    if (full) return { event: BEYOND, ...full.of }
    this.#fresh.count += 1
    for (const { name } of shares) ofEach.set(name, (ofEach.get(name) ?? 0) + 1)
    return undefined
  }

  /** Whose it is counted among. */
  #sharesOf({ client, user }: Refused): Share[] {
    const { mostOfOne, mostWithin, mostOfNobody } = this.#limits
    const within = `user ${JSON.stringify([client, user])}`
    if (client === undefined) return [{ name: within, of: { user }, most: user === undefined ? mostOfNobody : mostOfOne }]
    return [
      { name: `app ${client}`, of: { client }, most: mostOfOne },
      { name: within, of: { client, user }, most: mostWithin },
    ]
  }
}

function repeated(window: Window): { incident: string } {
  window.pending += 1
  return { incident: window.incident }
}

function taken(window: Window): Counted {
  const { refused, incident, pending } = window
  window.written += pending
  window.pending = 0
  return { refused, incident, count: pending }
}

const keyOf = ({ event, client, user, scope, act, reason, ip, incident, isShared }: Refused): string =>
  JSON.stringify([event, client, user, scope, act, reason, networkOf(ip), isShared === true ? undefined : incident])
