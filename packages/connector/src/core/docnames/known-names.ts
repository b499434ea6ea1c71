import { ScopeMissing, UpstreamUnavailable } from '../errors.ts'
import type { KeptDocname } from '../../stores/connector-store.ts'
import { applyTold } from './applying.ts'
import type { DocnameRef, DocnamesParts, DocnameVerdict } from './verdicts.ts'
import { KeptNames } from './kept-names.ts'
import { askSite, isPermissionError, type Told } from './refreshing.ts'
import { toItem } from './shown-fields.ts'

type Known = ReadonlyMap<string, KeptDocname>

/** The work behind `Docnames`, loaded when it is first asked for. */
export class KnownNames {
  readonly #parts: DocnamesParts
  readonly #names: KeptNames

  constructor(parts: DocnamesParts) {
    this.#parts = parts
    this.#names = new KeptNames(parts)
  }

  resolve(doctype: string, names: readonly string[]): Promise<Map<string, KeptDocname>> {
    return this.#names.resolve(doctype, names)
  }

  async validate(refs: readonly DocnameRef[]): Promise<DocnameVerdict[]> {
    const doctypes = [...new Set(refs.map(({ doctype }) => doctype))]
    const judged = await Promise.all(
      doctypes.map(async (doctype) => {
        const names = refs.filter((ref) => ref.doctype === doctype).map(({ name }) => name)
        return [doctype, await this.#judge(doctype, names)] as const
      }),
    )
    const verdicts = new Map(judged)
    return refs.map(({ doctype, name }) => verdicts.get(doctype)!.get(name)!)
  }

  async refresh(doctype: string, names: readonly string[]): Promise<KeptDocname[]> {
    await this.#ask(doctype, names, await this.resolve(doctype, names), false)
    const kept = await this.resolve(doctype, names)
    return names.flatMap((name) => kept.get(name) ?? [])
  }

  async #judge(doctype: string, names: readonly string[]): Promise<Map<string, DocnameVerdict>> {
    const known = await this.resolve(doctype, names)
    try {
      const told = await this.#ask(doctype, names, known, true)
      return new Map([...told].map(([name, each]) => [name, verdictOf(each)]))
    } catch (error) {
      if (!(error instanceof UpstreamUnavailable)) throw error
      const remembered = Promise.all(names.map(async (name) => [name, await this.#remembered(known.get(name))] as const))
      const verdicts = await this.#names.unlessStoreFails(remembered)
      if (verdicts === undefined) throw error
      return new Map(verdicts)
    }
  }

  /** Asks, and keeps what was said. A DocType that is closed to this person hides all its documents. */
  async #ask(doctype: string, names: readonly string[], known: Known, isChoice: boolean): Promise<ReadonlyMap<string, Told>> {
    const { client, clock, shown } = this.#parts
    try {
      const told = await askSite({ client, clock, known, isChoice, shown: await shown(doctype, client) }, doctype, names)
      for (const [name, each] of told) await applyTold({ client, names: this.#names }, doctype, each, known.get(name))
      return told
    } catch (error) {
      if (error instanceof ScopeMissing) await this.#names.unlessStoreFails(this.#names.refuse(doctype))
      if (!isPermissionError(error)) throw error
      const hiding = this.#hide(doctype, known)
      // Who chooses is told what the site says; where it is to be kept, it is only said when it is.
      await (isChoice ? this.#names.unlessStoreFails(hiding) : hiding)
      return new Map(names.map((name) => [name, { state: 'hidden' }]))
    }
  }

  async #hide(doctype: string, known: Known): Promise<void> {
    await this.#names.refuse(doctype)
    for (const row of known.values()) await this.#names.keepVerdict({ ...row, state: 'hidden' })
  }

  /** Never a silent yes: what the site last said of a name that this person has seen. */
  async #remembered(row: KeptDocname | undefined): Promise<DocnameVerdict> {
    if (row === undefined) return { verdict: 'unknown' }
    if (row.renamedTo !== null) return { verdict: 'renamed', to: row.renamedTo }
    if (row.state !== 'there') return { verdict: row.state }
    return (await this.#names.mayShow(row)) ? { verdict: 'there', item: toItem(row), asked: false } : { verdict: 'unknown' }
  }
}

function verdictOf(told: Told): DocnameVerdict {
  if (told.state === 'there') return { verdict: 'there', item: toItem(told.row), asked: true }
  return told.state === 'renamed' ? { verdict: 'renamed', to: told.row.name } : { verdict: told.state }
}
