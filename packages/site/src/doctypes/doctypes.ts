import { Generation } from '@annex/database'
import type { Database } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { DocField, DocType } from '@annex/protocol'
import { listCustomPermissions } from './permissions/custom-docperm-store.ts'
import { coreDocTypes } from './core-doctypes.ts'
import { listDefinitions, readDefinitionsVersion } from './doctype-store.ts'
import { parseDocType } from './parse-doctype.ts'

export interface FieldOf {
  readonly doctype: DocType
  readonly field: DocField
}

interface Contents {
  readonly byName: ReadonlyMap<string, DocType>
  readonly links: ReadonlyMap<string, readonly FieldOf[]>
  readonly parents: ReadonlyMap<string, readonly FieldOf[]>
  readonly version: number
}

const NONE: readonly FieldOf[] = []

/**
 * Every DocType of the site, in memory: those that come with it and those made on it. Where a DocType has Custom DocPerms,
 * they stand in the place of its own rows.
 *
 * Reading never waits. `load` reads the database again; give it to `Generation.onChange`, so that
 * a change made by any process is seen by this one before its next request is judged.
 */
export class DocTypes {
  readonly #database: Database
  #contents = contentsOf(coreDocTypes, 0)
  #loading: Promise<void> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
  }

  /** Repeatable; of two at once the later reads after the earlier, so that nothing older replaces what is newer. */
  load(): Promise<void> {
    this.#loading = this.#loading.then(
      () => this.#read(),
      () => this.#read(),
    )
    return this.#loading
  }

  get(name: string): DocType | undefined {
    return this.#contents.byName.get(name)
  }

  /** @throws {FrappeError} `DoesNotExistError` */
  require(name: string): DocType {
    const doctype = this.get(name)
    if (!doctype) throw new FrappeError('DoesNotExistError', `DocType ${name.slice(0, 140)} not found`)
    return doctype
  }

  /** Of the definitions as they stand in the database. */
  get version(): number {
    return this.#contents.version
  }

  /** Another object whenever anything was read anew: what is made of all DocTypes can be kept with it. */
  get contents(): object {
    return this.#contents
  }

  names(): string[] {
    return [...this.#contents.byName.keys()]
  }

  /** The Link fields that point at a DocType, in child tables too. */
  linksTo(name: string): readonly FieldOf[] {
    return this.#contents.links.get(name) ?? NONE
  }

  /** The table fields whose rows are of a child DocType. */
  parentsOf(child: string): readonly FieldOf[] {
    return this.#contents.parents.get(child) ?? NONE
  }

  async #read(): Promise<void> {
    const generation = new Generation(this.#database)
    let [before, after] = [-1, 0]
    let definitions: Awaited<ReturnType<typeof listDefinitions>> = []
    let version = 0
    let permissions: Awaited<ReturnType<typeof listCustomPermissions>> = new Map()
    // Its tables are read one after the other: a change in between shows in the generation.
    while (before !== after) {
      before = await generation.read()
      definitions = await listDefinitions(this.#database.connection)
      permissions = await listCustomPermissions(this.#database.connection)
      version = await readDefinitionsVersion(this.#database.connection)
      after = await generation.read()
    }
    const custom = definitions.map(({ id, values }) => parseDocType(values, { origin: 'file', id }))
    const judged = [...coreDocTypes, ...custom].map((doctype) => {
      const rows = permissions.get(doctype.name)
      return rows ? { ...doctype, permissions: rows } : doctype
    })
    this.#contents = contentsOf(judged, version)
  }
}

function contentsOf(doctypes: readonly DocType[], version: number): Contents {
  const fields = doctypes.flatMap((doctype) => doctype.fields.map((field) => ({ doctype, field })))
  const byTarget = (types: readonly string[]): ReadonlyMap<string, FieldOf[]> =>
    Map.groupBy(
      fields.filter(({ field }) => types.includes(field.fieldtype)),
      ({ field }) => field.options,
    )
  return {
    byName: new Map(doctypes.map((doctype) => [doctype.name, doctype])),
    links: byTarget(['Link']),
    parents: byTarget(['Table', 'Table MultiSelect']),
    version,
  }
}
