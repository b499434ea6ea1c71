import type { DocnameStore } from '../../stores/connector-store.ts'
import type { Log } from '../connector/events.ts'
import { Docnames } from '../docnames/docnames.ts'
import type { ShownFields } from '../docnames/shown-fields.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import type { Definitions } from './definitions.ts'
import { readLinkOptions, type LinkDefinitions, type LinkFieldOptions, type LinkOptions, type LinkSource } from './link-options.ts'
import { Links } from './link-search.ts'

/** The link fields of one connector, with what the site has said of its DocTypes. */
export class ConfiguredLinks implements LinkDefinitions {
  readonly keys: readonly string[]
  readonly #fields: ReadonlyMap<string, LinkFieldOptions>
  readonly #clock: () => number
  #loading: Promise<Definitions> | undefined

  /** @throws {Error} one sentence that names the key which is wrong */
  constructor(options: LinkOptions, clock: () => number) {
    this.#fields = readLinkOptions(options)
    this.#clock = clock
    this.keys = Object.freeze([...this.#fields.keys()])
  }

  async read(key: string, client: UpstreamClient): Promise<LinkSource | undefined> {
    return (await this.#definitions()).read(key, client)
  }

  /** What to show of a DocType's documents. */
  async shown(doctype: string, client: UpstreamClient): Promise<ShownFields | undefined> {
    return (await this.#definitions()).shown(doctype, client)
  }

  /** Whether every person of the app may see names of the DocType that any of them has seen. */
  isShared(doctype: string): boolean {
    return [...this.#fields].some(([key, field]) => field.shared === true && (field.doctype ?? key) === doctype)
  }

  #definitions(): Promise<Definitions> {
    return (this.#loading ??= import('./definitions.ts').then(({ Definitions }) => new Definitions(this.#fields, this.#clock)))
  }
}

export interface OpenLinksParts {
  /** The person's connection. */
  readonly connection: string
  readonly client: UpstreamClient
  readonly store: DocnameStore
  readonly configured: ConfiguredLinks
  /** What the person has granted now. */
  readonly scopes: () => Promise<readonly string[]>
  readonly limitsTokens: () => Promise<boolean>
  readonly clock: () => number
  readonly log: Log
}

/** Link fields and docnames of one person; what they are made of is loaded when it is first used. */
export function openLinks({ connection, configured, ...parts }: OpenLinksParts): { readonly links: Links; readonly docnames: Docnames } {
  const isShared = (doctype: string): boolean => configured.isShared(doctype)
  const docnames = new Docnames({
    ...parts,
    owner: connection,
    isShared,
    shown: (doctype, client) => configured.shown(doctype, client),
  })
  return { docnames, links: new Links({ ...parts, owner: connection, isShared, definitions: configured, docnames }) }
}
