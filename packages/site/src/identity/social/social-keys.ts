import type { Filter } from '@annex/protocol'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { DocumentReader } from '../document-reader.ts'
import { socialKeyOf, type SocialKey } from './social-key.ts'

export interface SocialKeysParts {
  readonly documents: Pick<DocumentReader, 'list'>
  /** The client secret of a key, in the clear; undefined when none was written. */
  readonly readSecret: (name: string) => Promise<string | undefined>
}

/** A button of the sign-in page. */
export interface SocialButton {
  readonly name: string
  readonly label: string
}

const DOCTYPE = 'Social Login Key'
const ENABLED: Filter = { fieldname: 'enable_social_login', operator: '=', value: 1 }

/** The Social Login Keys of the site that are turned on. */
export class SocialKeys {
  readonly #parts: SocialKeysParts

  constructor(parts: SocialKeysParts) {
    this.#parts = parts
  }

  async enabled(name: string): Promise<SocialKey | undefined> {
    const [row] = await this.#list(['*'], [ENABLED, { fieldname: 'name', operator: '=', value: name }])
    return row && socialKeyOf(row)
  }

  /** In the order of their labels. */
  async buttons(): Promise<SocialButton[]> {
    const rows = await this.#list(['name', 'provider_name'], [ENABLED])
    return rows.map((row) => ({ name: String(row['name']), label: String(row['provider_name']) }))
  }

  /** What their buttons say, by the Base URL, which is the provider's issuer without a slash at its end. */
  async labels(): Promise<ReadonlyMap<string, string>> {
    const keys = (await this.#list(['*'], [ENABLED])).map(socialKeyOf)
    return new Map(keys.map(({ baseUrl, label }) => [baseUrl, label]))
  }

  async secret(name: string): Promise<string> {
    return (await this.#parts.readSecret(name)) ?? ''
  }

  #list(fields: readonly string[], filters: readonly Filter[]): Promise<Record<string, unknown>[]> {
    return this.#parts.documents.list(ADMINISTRATOR, { doctype: DOCTYPE, fields, filters, orderBy: 'provider_name asc', limit: null })
  }
}
