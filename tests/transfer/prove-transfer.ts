import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { temporaryDatabase } from '../support/databases.ts'
import { readContents, type Contents } from './contents.ts'
import { runMeasured, type Measured } from './measured-command.ts'
import { changes, itemColumns, makeItems } from './items.ts'

/** What one command took. */
export interface Step extends Omit<Measured, 'stdout'> {
  readonly name: string
  /** Of the whole site where it is moved, and of the Items where they are changed. */
  readonly rows: number
}

export interface Request {
  readonly documents: number
  readonly signal: AbortSignal
  readonly say?: (line: string) => void
}

/** A site that commands work on. */
interface Place {
  readonly name: string
  readonly url: string
  /** Its data folder. */
  readonly folder: string
}

/**
 * Moves a site with so many Items through every command that moves one, and changes its Item on both engines. Takes away all it made.
 *
 * @throws {Error} that names the station where something else is held than at the beginning
 */
export async function proveTransfer(request: Request): Promise<Step[]> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-transfer-'))
  try {
    const database = await temporaryDatabase('postgres')
    try {
      return await new Journey(folder, request).go(database.url)
    } finally {
      await database.remove()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

class Journey {
  readonly #folder: string
  readonly #request: Request
  readonly #steps: Step[] = []

  constructor(folder: string, request: Request) {
    this.#folder = folder
    this.#request = request
  }

  async go(postgresUrl: string): Promise<Step[]> {
    const [first, restored, back] = [await this.#file('first'), await this.#file('restored'), await this.#file('back')]
    const postgres: Place = { name: 'PostgreSQL', url: postgresUrl, folder: first.folder }
    const begun = performance.now()
    await makeItems(first.url, this.#request.documents, this.#request.signal)
    this.#say(`made in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
    const held = await this.#contents(first)
    await this.#backUpAndRestore(first, restored, held)
    await this.#copy('copy SQLite to PostgreSQL', first, postgres, held)
    await this.#copy('copy PostgreSQL to SQLite', postgres, back, held)
    for (const place of [back, postgres]) await this.#change(place, held)
    return this.#steps
  }

  async #backUpAndRestore(from: Place, to: Place, held: Contents): Promise<void> {
    const file = join(this.#folder, 'backup')
    await this.#run('backup of SQLite', rowsOf(held), ['backup', '--to', file], from)
    this.#say(`the backup file has ${megabytes((await stat(file)).size)} MB`)
    await this.#run('restore to SQLite', rowsOf(held), ['restore', '--from', file], to)
    await rm(file)
    // A restore writes into the trail that it was done.
    await this.#compare(to, { ...held, counts: { ...held.counts, audit: (held.counts['audit'] ?? 0) + 1 } })
    // Two files of this size lie on the disk at any moment, and not four.
    await rm(to.folder, { recursive: true, force: true })
  }

  async #copy(name: string, from: Place, to: Place, held: Contents): Promise<void> {
    await this.#run(name, rowsOf(held), ['copy', '--from', from.url, '--to', to.url], from)
    await this.#compare(to, held)
  }

  async #change(place: Place, held: Contents): Promise<void> {
    const file = join(this.#folder, 'item.json')
    for (const change of changes) {
      await writeFile(file, change.file)
      const words = ['doctype', 'import', file, '--force']
      const said = await this.#run(`${change.name} on ${place.name}`, this.#request.documents, words, place)
      if (!said.endsWith('Done.\n')) throw new Error(`To ${change.name} did nothing: ${said}`)
    }
    const { counts, items } = await this.#contents(place)
    if (counts['tabItem'] !== held.counts['tabItem'] || items !== held.items)
      throw new Error(`The Items are others after the changes on ${place.name}`)
    this.#say(`${place.name}, after the changes: the same sum of all Items`)
  }

  async #compare(place: Place, held: Contents): Promise<void> {
    const { counts, items } = await this.#contents(place)
    requireSame(place.name, counts, held.counts)
    if (items !== held.items) throw new Error(`The Items are others in ${place.name}`)
    this.#say(`${place.name}: the same rows in each of ${Object.keys(counts).length} tables, the same sum of all Items`)
  }

  async #run(name: string, rows: number, words: readonly string[], place: Place): Promise<string> {
    const settings = { ANNEX_DATA: place.folder, DATABASE_URL: place.url }
    const { stdout, ...measured } = await runMeasured(words, settings, { folder: this.#folder, signal: this.#request.signal })
    const step = { name, rows, ...measured }
    this.#steps.push(step)
    this.#say(lineOf(step))
    return stdout
  }

  #contents({ url }: Place): Promise<Contents> {
    return readContents(url, itemColumns, this.#request.signal)
  }

  async #file(name: string): Promise<Place> {
    const folder = join(this.#folder, name)
    await mkdir(folder)
    return { name: `SQLite (${name})`, url: `sqlite:${join(folder, 'site.db')}`, folder }
  }

  #say(line: string): void {
    this.#request.say?.(line)
  }
}

const rowsOf = ({ counts }: Contents): number => Object.values(counts).reduce((sum, rows) => sum + rows, 0)

function requireSame(where: string, found: Contents['counts'], wanted: Contents['counts']): void {
  for (const table of new Set([...Object.keys(found), ...Object.keys(wanted)]))
    if (found[table] !== wanted[table])
      throw new Error(`The table ${table} has ${found[table] ?? 'no'} rows in ${where}, and had ${wanted[table] ?? 'no'}`)
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0)

const lineOf = ({ name, rows, seconds, memory }: Step): string =>
  `${name.padEnd(50)} ${seconds.toFixed(1).padStart(7)} s ${(rows / seconds).toFixed(0).padStart(9)} rows/s ${megabytes(memory).padStart(6)} MB`
