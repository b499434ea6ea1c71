import { ScopeSet } from '@annex/protocol'
import type { DocnameStore, KeptDocname } from '../../stores/connector-store.ts'
import type { Log } from '../connector/events.ts'
import { recentSights } from './recent-sights.ts'
import { bareDocname } from './shown-fields.ts'

/** How far back a search looks while the site cannot be reached. */
const MAX_KEPT = 1000
/** Names that any person of the app may see. */
const EVERYBODY = ''
/** A source that no search has, and a name that no document has: when the site last refused a person all documents of a DocType. */
const REFUSED = { source: '!refused', name: '' }

export interface KeptNamesParts {
  /** The person's connection. */
  readonly owner: string
  readonly store: DocnameStore
  /** Whether every person of the app may see names of the DocType that any of them has seen. */
  readonly isShared: (doctype: string) => boolean
  /** What the person has granted now. */
  readonly scopes: () => Promise<readonly string[]>
  /** Whether scopes limit what the person's tokens open; a Frappe looks at the user's own rights alone. */
  readonly limitsTokens: () => Promise<boolean>
  readonly clock: () => number
  readonly log: Log
}

/**
 * The names that one person has seen, and those of shared DocTypes that anybody has.
 *
 * What a person is told of a shared DocType stands in their own rows as well: that the site hides a document from one, or
 * that one cannot find it, is nothing that the others are to be told.
 */
export class KeptNames {
  readonly #parts: KeptNamesParts

  constructor(parts: KeptNamesParts) {
    this.#parts = parts
  }

  /** What the site has said is what the person is told, whatever the store does: its failure is for the log, and gives undefined. */
  async unlessStoreFails<T>(stored: Promise<T>): Promise<T | undefined> {
    try {
      return await stored
    } catch (error) {
      this.#parts.log('docname-store-failed', { error: error instanceof Error ? error.message : String(error) })
      return undefined
    }
  }

  /** By name; one that may not be seen is absent. */
  async resolve(doctype: string, names: readonly string[]): Promise<Map<string, KeptDocname>> {
    const { owner, store, isShared } = this.#parts
    const wanted = [...new Set(names)].filter((name) => name !== REFUSED.name)
    if (wanted.length === 0) return new Map()
    const [own, shared] = await Promise.all([
      store.resolve(owner, doctype, wanted),
      isShared(doctype) ? store.resolve(EVERYBODY, doctype, wanted) : [],
    ])
    return merge(own, shared)
  }

  /** Keeps what the site has just shown, as far as it is not kept yet. Sights without a date (a search tells none) count as of now. */
  async keep(doctype: string, source: string, rows: readonly KeptDocname[]): Promise<void> {
    if (rows.length === 0) return
    await (this.#parts.isShared(doctype) ? this.#keepShared(doctype, source, rows) : this.#keepForOne(doctype, source, rows))
  }

  async #keepShared(doctype: string, source: string, rows: readonly KeptDocname[]): Promise<void> {
    const { owner, store } = this.#parts
    const sights = isDated(rows) ? rows : await this.#dated(doctype, rows)
    // Fields are brought along by a person's own rights, which may be more than another's.
    const bare = sights.map((row) => ({ ...row, fields: {} }))
    await Promise.all([store.keep(owner, source, sights), store.keep(EVERYBODY, source, bare)])
  }

  async #keepForOne(doctype: string, source: string, rows: readonly KeptDocname[]): Promise<void> {
    const { owner, store } = this.#parts
    const [recent, search] = [recentSights(store), { owner, doctype, source }]
    const isToBeRead = !isDated(rows) || rows.some((row) => recent.knows(search, row))
    const kept = isToBeRead ? await store.resolve(owner, doctype, [...rows.map(({ name }) => name), REFUSED.name]) : []
    const known = new Map(kept.map((row) => [row.name, row]))
    const refusedAt = known.get(REFUSED.name)?.seenAt ?? 0
    const fresh = withDates(rows, known).filter((row) => !recent.isKept(search, row, known.get(row.name), refusedAt))
    if (fresh.length === 0) return
    await store.keep(owner, source, fresh)
    recent.note(search, fresh)
  }

  /** Keeps what the app says that a person has seen, and the site has not said: for them alone. */
  async keepOwn(row: KeptDocname): Promise<void> {
    const { owner, store } = this.#parts
    await store.keep(owner, '', await this.#dated(row.doctype, [row]))
  }

  /** Keeps what one person was refused: for them alone. */
  async keepVerdict(row: KeptDocname): Promise<void> {
    await this.#parts.store.keep(this.#parts.owner, '', [row])
  }

  async rename(from: KeptDocname, to: KeptDocname): Promise<void> {
    const { owner, store, isShared } = this.#parts
    await store.rename(owner, from, to)
    if (isShared(from.doctype)) await store.rename(EVERYBODY, { ...from, fields: {} }, { ...to, fields: {} })
  }

  /** The site refuses this person all documents of a DocType: what they saw until now is not shown again unless it is seen anew. */
  async refuse(doctype: string): Promise<void> {
    const { owner, store, clock } = this.#parts
    await store.keep(owner, REFUSED.source, [{ ...bareDocname(doctype, REFUSED.name, clock()), state: 'hidden' }])
  }

  /** What one search has shown, the last seen first; undefined when the person has no right to it now. */
  async list(doctype: string, source: string): Promise<KeptDocname[] | undefined> {
    const { owner, store, isShared } = this.#parts
    const since = await this.#heldSince(doctype)
    if (since === undefined) return undefined
    const own = (await store.list(owner, doctype, source, MAX_KEPT)).filter((row) => row.seenAt > since)
    if (since > 0 && own.length === 0) return undefined
    const shared = isShared(doctype) ? await store.list(EVERYBODY, doctype, source, MAX_KEPT) : []
    const told = await this.resolve(
      doctype,
      shared.map(({ name }) => name),
    )
    const rows = [
      ...merge(
        own,
        shared.filter((row) => told.get(row.name)?.state === 'there'),
      ).values(),
    ]
    return rows.filter(({ state }) => state === 'there').toSorted((a, b) => b.seenAt - a.seenAt)
  }

  /** Whether a name that was kept may still be shown, as far as can be told without the site. */
  async mayShow({ doctype, seenAt }: KeptDocname): Promise<boolean> {
    const since = await this.#heldSince(doctype)
    return since !== undefined && seenAt > since
  }

  /** Undefined: the right was not granted, or is granted no more. Else since when: 0 when the site has never refused it. */
  async #heldSince(doctype: string): Promise<number | undefined> {
    const { owner, store, scopes, limitsTokens } = this.#parts
    const held = await scopes()
    const granted = new ScopeSet(held)
    const isOpen = granted.names(doctype, 'select') || granted.opensEvery('select')
    // Nothing at all is what is left when access has ended.
    if (!isOpen && (held.length === 0 || (await limitsTokens()))) return undefined
    const [refused] = await store.resolve(owner, doctype, [REFUSED.name])
    return refused?.seenAt ?? 0
  }

  /** With the dates and fields that are kept: the store takes a sight without a date for the older one. */
  async #dated(doctype: string, rows: readonly KeptDocname[]): Promise<KeptDocname[]> {
    const known = await this.resolve(
      doctype,
      rows.map(({ name }) => name),
    )
    return withDates(rows, known)
  }
}

const isDated = (rows: readonly KeptDocname[]): boolean => rows.every((row) => row.modified !== '')

function withDates(rows: readonly KeptDocname[], known: ReadonlyMap<string, KeptDocname>): KeptDocname[] {
  return rows.map((row) => {
    const kept = known.get(row.name)
    if (kept === undefined || row.modified !== '') return row
    // Another title, or a name that was gone: it may be another document that has the name now.
    const isSame = kept.state === 'there' && kept.label === row.label
    return { ...row, fields: { ...kept.fields, ...row.fields }, modified: kept.modified, creation: isSame ? kept.creation : '' }
  })
}

/** A person's own sight counts, with the newer words of another's; what only others have seen counts when it is there. */
function merge(own: readonly KeptDocname[], shared: readonly KeptDocname[]): Map<string, KeptDocname> {
  const rows = new Map(shared.map((row) => [row.name, row]))
  for (const row of own) {
    const other = rows.get(row.name)
    const isNewer = other !== undefined && row.state === 'there' && other.state === 'there' && other.modified > row.modified
    rows.set(row.name, isNewer ? { ...row, label: other.label, description: other.description, modified: other.modified } : row)
  }
  return rows
}
