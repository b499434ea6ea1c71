import { FrappeError, type Document } from '@annex/protocol'
import { ScopeMissing, SignInRequired } from '../errors.ts'
import { withLease } from '../leases/leases.ts'
import { leave } from '../upstream/leave.ts'
import type { InboxEntry, KeptDocname, TenantStore } from '../../stores/connector-store.ts'
import type { Log } from '../connector/events.ts'
import { hashOf } from './hashing.ts'
import { hintOf } from './hints.ts'
import { within, type Outcome } from './inbox/inbox-worker.ts'
import type { DocumentChange, DocumentHint, WebhookOptions } from './webhook-options.ts'

/** Persons who are told at the same time. */
const AT_ONCE = 8
/** For so long persons are begun with; who is left follows in the next attempt. */
const BEGIN_MS = 30_000
/** What one person may take, and of it the site. */
const [PERSON_MS, LOOK_MS] = [50_000, 20_000]
/** Longer than the work for one person may take. */
const LEASE_MS = 60_000
/** Without `modified` a repeat cannot be known: a document is read again once in so long. */
const PAUSE_MS = 1000
/** Entries that a mark remembers: changes of one document that are told side by side. */
const REMEMBERED = 8

export interface DocumentChangesParts {
  readonly store: Pick<TenantStore, 'docnames' | 'leases'>
  readonly options: Pick<WebhookOptions, 'onDocument' | 'readers'>
  /** Reads a document as one person. */
  readonly read: (connection: string, doctype: string, name: string, signal: AbortSignal) => Promise<Document>
  /** Asks the site what became of a docname that this person has kept, and keeps the answer. */
  readonly refresh: (connection: string, doctype: string, name: string) => Promise<KeptDocname | undefined>
  readonly clock: () => number
  readonly log: Log
}

type Sight = Pick<DocumentChange, 'document' | 'state' | 'modified' | 'renamedTo'>

/** Tells the app of changed documents, as each person whom they concern sees them now. */
export class DocumentChanges {
  readonly #parts: DocumentChangesParts

  constructor(parts: DocumentChangesParts) {
    this.#parts = parts
  }

  /**
   * Reads the document again for everybody who has kept its name, and for those whom the app names.
   *
   * @param signal begins with nobody else
   * @returns `unfinished` when persons are left who follow in the next attempt
   * @throws the first failure, once all others were told: for who was told already, the site is not even asked again; and when the time
   *   was over before anybody was told
   */
  async work(entry: InboxEntry, signal: AbortSignal): Promise<Outcome> {
    const hint = hintOf(entry)
    if (hint.modified === null && !(await this.#mayRead(hint))) return 'unfinished'
    const time = { until: performance.now() + BEGIN_MS }
    const failures: unknown[] = []
    let [reached, isLate] = [0, false]
    const persons = this.#persons(hint, time)
    const tellSome = async (): Promise<void> => {
      for await (const { person, hasKept } of persons) {
        if (hasSeen(await this.#mark(person, hint), hint)) continue
        isLate ||= signal.aborted || performance.now() > time.until
        if (isLate) return
        try {
          if (await within(PERSON_MS, (late) => this.#tell(person, hint, hasKept, late))) reached++
        } catch (error) {
          failures.push(error)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => tellSome().catch((error: unknown) => failures.push(error))))
    if (isLate && (reached > 0 || signal.aborted)) return 'unfinished'
    if (failures.length > 0) throw failures[0]
    if (isLate) throw new Error('Nobody could be told in the time of an attempt')
    return 'done'
  }

  async #mayRead({ doctype, name }: DocumentHint): Promise<boolean> {
    return this.#parts.store.leases.acquire(`pause:${await hashOf(doctype, name)}`, crypto.randomUUID(), PAUSE_MS)
  }

  /** Whom it concerns, each once. The time in which the app finds its readers is given back. */
  async *#persons(hint: DocumentHint, time: { until: number }): AsyncGenerator<{ readonly person: string; readonly hasKept: boolean }> {
    const keepers = new Set<string>()
    for await (const page of this.#keepers(hint))
      for (const person of page) {
        keepers.add(person)
        yield { person, hasKept: true }
      }
    const asked = performance.now()
    const readers = new Set(await this.#parts.options.readers?.(hint))
    time.until += performance.now() - asked
    for (const person of readers) if (!keepers.has(person)) yield { person, hasKept: false }
  }

  /** Connections that have kept the docname. */
  async *#keepers({ doctype, name }: DocumentHint): AsyncIterable<string[]> {
    let after: string | undefined
    do {
      const owners = await this.#parts.store.docnames.owners(doctype, name, { limit: AT_ONCE, ...(after === undefined ? {} : { after }) })
      yield owners.filter((owner) => owner !== SHARED)
      after = owners.length < AT_ONCE ? undefined : owners.at(-1)
    } while (after !== undefined)
  }

  /**
   * One at a time for a person and a document, across processes: what is read within the lease is newer than what was told
   * before it. An `onDocument` that overruns keeps the lease until it ends.
   *
   * @returns false when this entry has reached the person before, or cannot
   */
  async #tell(person: string, hint: DocumentHint, hasKept: boolean, late: AbortSignal): Promise<boolean> {
    const { leases } = this.#parts.store
    const lease = { name: `change:${await hashOf(person, hint.doctype, hint.name)}`, leaseMs: LEASE_MS }
    const told = await withLease(leases, lease, () => this.#tellAlone(person, hint, hasKept, late))
    if (told === undefined) throw new Error('Another change of this document is being told: this one follows')
    return told.done
  }

  async #tellAlone(person: string, hint: DocumentHint, hasKept: boolean, signal: AbortSignal): Promise<boolean> {
    const { options, log } = this.#parts
    const { id, doctype, name } = hint
    const told = await this.#mark(person, hint)
    if (hasSeen(told, hint)) return false
    try {
      const sight = await within(LOOK_MS, (late) => this.#look(person, hint, hasKept, AbortSignal.any([signal, late])))
      signal.throwIfAborted()
      // What nobody vouches for does not decide what is told later.
      const modified = sight.state === 'there' ? sight.modified : (told?.modified ?? '')
      const isTold = told !== undefined && !isNews(sight, told)
      if (!isTold) await options.onDocument({ id, connection: person, doctype, name, ...sight })
      await this.#keep(person, hint, isTold ? told : { modified, state: sight.state }, told)
    } catch (error) {
      // Who has no access any more is told of it elsewhere.
      if (!(error instanceof SignInRequired)) throw error
      log('webhook-not-told', { id, connection: person })
      return false
    }
    return true
  }

  /** What the person was told of last. */
  async #mark(person: string, { doctype, name }: DocumentHint): Promise<KeptDocname | undefined> {
    return (await this.#parts.store.docnames.resolve(person, TOLD + doctype, [name]))[0]
  }

  /** What the person knows now, and by which entries. */
  async #keep(
    person: string,
    hint: DocumentHint,
    { modified, state }: Pick<KeptDocname, 'modified' | 'state'>,
    before: KeptDocname | undefined,
  ): Promise<void> {
    const { store, clock } = this.#parts
    const entries = [...new Set([keyOf(hint), ...entriesOf(before)])].slice(0, REMEMBERED)
    const mark = { doctype: TOLD + hint.doctype, name: hint.name, modified, state, fields: { entries }, seenAt: clock() }
    await store.docnames.keep(person, '', [{ ...mark, label: '', description: '', creation: '', renamedTo: null }])
  }

  async #look(person: string, { doctype, name, modified }: DocumentHint, hasKept: boolean, signal: AbortSignal): Promise<Sight> {
    const { read, refresh } = this.#parts
    let kept: KeptDocname | undefined
    try {
      kept = hasKept ? await leave(refresh(person, doctype, name), signal) : undefined
      const document = await leave(read(person, doctype, name, signal), signal)
      return { document, state: 'there', modified: document.modified, renamedTo: null }
    } catch (error) {
      const state = absenceOf(error)
      if (state === undefined) throw error
      return { document: null, state, modified: modified ?? '', renamedTo: kept?.renamedTo ?? null }
    }
  }
}

/** Names that every person of the app may see belong to none of them. */
const SHARED = ''
/** Before a DocType: what a person was told of last, kept and forgotten with their docnames. No webhook can name such a DocType. */
const TOLD = '\u0001told '

/** Of one reception: what comes again after it was tried counts as received later. */
const keyOf = ({ id, receivedAt }: DocumentHint): string => `${receivedAt} ${id}`

const entriesOf = (told: KeptDocname | undefined): readonly string[] => (told?.fields['entries'] as string[] | undefined) ?? []

/**
 * Whether the person was asked for since this very entry came, in an attempt that failed for others, whatever was found. A mark that is
 * new enough would not do: a document that is deleted keeps its `modified`.
 */
const hasSeen = (told: KeptDocname | undefined, hint: DocumentHint): boolean => entriesOf(told).includes(keyOf(hint))

/** Older is never told over newer, nor the same twice. */
const isNews = (sight: Sight, told: KeptDocname): boolean =>
  sight.state !== 'there'
    ? sight.state !== told.state
    : sight.modified > told.modified || (sight.modified === told.modified && told.state !== 'there')

/** Undefined for what is no answer about the document. */
function absenceOf(error: unknown): 'gone' | 'hidden' | undefined {
  if (error instanceof ScopeMissing) return 'hidden'
  if (!(error instanceof FrappeError)) return undefined
  if (error.excType === 'DoesNotExistError') return 'gone'
  return error.excType === 'PermissionError' ? 'hidden' : undefined
}
