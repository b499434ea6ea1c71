import { sameDocname } from '../../core/docnames/shown-fields.ts'
import { isOlder } from '../docname-rules.ts'
import type { DocnameStore, KeptDocname } from '../connector-store.ts'

interface MemoryDocname {
  row: KeptDocname
  /** By search: when it was last among what that search gave. */
  readonly sources: Map<string, number>
}

export class MemoryDocnames implements DocnameStore {
  readonly #owners = new Map<string, Map<string, MemoryDocname>>()

  async keep(owner: string, source: string, rows: readonly KeptDocname[]): Promise<readonly string[]> {
    const changed = rows.filter((row) => this.#keepOne(owner, source, row))
    return [...new Set(changed.map((row) => row.name))]
  }

  async list(owner: string, doctype: string, source: string, limit: number): Promise<KeptDocname[]> {
    const found: KeptDocname[] = []
    for (const { row, sources } of this.#owners.get(owner)?.values() ?? []) {
      const seenAt = row.doctype === doctype ? sources.get(source) : undefined
      if (seenAt !== undefined) found.push({ ...row, seenAt })
    }
    return found.toSorted((a, b) => b.seenAt - a.seenAt || (a.name < b.name ? -1 : 1)).slice(0, limit)
  }

  async resolve(owner: string, doctype: string, names: readonly string[]): Promise<KeptDocname[]> {
    const own = this.#owners.get(owner)
    return [...new Set(names)].flatMap((name) => own?.get(keyOf({ doctype, name }))?.row ?? [])
  }

  async owners(doctype: string, name: string, { after, limit }: { readonly after?: string; readonly limit: number }): Promise<string[]> {
    const key = keyOf({ doctype, name })
    const owners = [...this.#owners].filter(([owner, own]) => own.has(key) && (after === undefined || owner > after))
    return owners
      .map(([owner]) => owner)
      .toSorted()
      .slice(0, limit)
  }

  async rename(owner: string, from: KeptDocname, to: KeptDocname): Promise<void> {
    const sources = this.#owners.get(owner)?.get(keyOf(from))?.sources ?? new Map<string, number>()
    this.#keepOne(owner, '', to)
    const target = this.#owners.get(owner)!.get(keyOf(to))!
    for (const [source, seenAt] of sources) target.sources.set(source, Math.max(seenAt, target.sources.get(source) ?? 0))
    this.#owners.get(owner)!.set(keyOf(from), { row: { ...from, state: 'gone', renamedTo: to.name }, sources: new Map() })
  }

  async removeAll(owner: string): Promise<void> {
    this.#owners.delete(owner)
  }

  async sweep(seenBefore: number): Promise<number> {
    let swept = 0
    for (const own of this.#owners.values()) for (const [key, { row }] of own) if (row.seenAt < seenBefore && own.delete(key)) swept++
    return swept
  }

  /** Whether anything but the time of sight is new. */
  #keepOne(owner: string, source: string, row: KeptDocname): boolean {
    const own = this.#owners.get(owner) ?? new Map<string, MemoryDocname>()
    this.#owners.set(owner, own)
    const known = own.get(keyOf(row))
    const stored = known ?? { row, sources: new Map<string, number>() }
    const seenAt = Math.max(row.seenAt, stored.row.seenAt)
    const kept = known !== undefined && isOlder(row, known.row) ? known.row : row
    const changed = known === undefined || !sameDocname(kept, known.row)
    stored.row = { ...kept, seenAt }
    stored.sources.set(source, row.seenAt)
    own.set(keyOf(row), stored)
    return changed
  }
}

const keyOf = ({ doctype, name }: Pick<KeptDocname, 'doctype' | 'name'>): string => JSON.stringify([doctype, name])
