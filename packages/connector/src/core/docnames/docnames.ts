import type { KeptDocname } from '../../stores/connector-store.ts'
import type { DocnameRef, DocnamesParts, DocnameVerdict } from './verdicts.ts'

/** Docnames as one person has seen them. */
export class Docnames {
  readonly #parts: DocnamesParts

  constructor(parts: DocnamesParts) {
    this.#parts = parts
  }

  /** What this person last saw of the documents named, by name; one that they never saw is absent. Asks nobody. */
  async resolve(doctype: string, names: readonly string[]): Promise<ReadonlyMap<string, KeptDocname>> {
    return (await this.#known()).resolve(doctype, names)
  }

  /**
   * Whether names may be saved, in their order: asks the site, in one list for up to 50 names of a DocType, and keeps what it says.
   *
   * @throws {ScopeMissing} when the right to see documents of a DocType was not granted
   * @throws {SignInRequired} when access has ended
   */
  async validate(refs: readonly DocnameRef[]): Promise<readonly DocnameVerdict[]> {
    return (await this.#known()).validate(refs)
  }

  /**
   * Asks the site for documents by their names and keeps what it says: changed, renamed (another name with the same `creation`),
   * gone, hidden from this person. Gives what is kept afterwards, in the order of the names; one that was never seen and is not there is absent.
   *
   * @throws {UpstreamUnavailable} when the site cannot be asked
   */
  async refresh(doctype: string, names: readonly string[]): Promise<readonly KeptDocname[]> {
    return (await this.#known()).refresh(doctype, names)
  }

  async #known(): Promise<import('./known-names.ts').KnownNames> {
    const { KnownNames } = await import('./known-names.ts')
    return new KnownNames(this.#parts)
  }
}
