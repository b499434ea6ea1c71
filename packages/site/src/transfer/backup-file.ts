import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { TableShape } from '@annex/database'
import type { Part, Row, Value } from './parts.ts'
import { RowSum, lineOf } from './row-sum.ts'

/** Rises when an older release could not read the file. */
const VERSION = 1
interface Header {
  readonly annex: 'backup'
  readonly version: number
  /** ISO 8601. */
  readonly made: string
}

/**
 * Writes the parts into a new file that its owner alone may read: gzip of JSON lines, with a sum of all of it in the last line.
 * The file appears under its name when it is whole.
 *
 * @param replace - whether a file of that name may go
 * @throws {Error} when there is a file of that name already
 */
export async function writeBackup(path: string, parts: AsyncIterable<Part>, made: string, replace: boolean): Promise<void> {
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { force: true })
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await pipeline(Readable.from(linesOf(parts, made)), createGzip({ level: 3 }), file.createWriteStream({ flush: true }))
    if (replace) await rename(unfinished, path)
    else await link(unfinished, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw taken(path)
    throw error
  } finally {
    await rm(unfinished, { force: true })
  }
}

export const taken = (path: string): Error => new Error(`there is a file ${path} already; name another, or replace it with --force`)

async function* linesOf(parts: AsyncIterable<Part>, made: string): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const written = (lines: string): string => {
    hash.update(lines)
    return lines
  }
  let [tables, rows] = [0, 0]
  yield written(`${JSON.stringify({ annex: 'backup', version: VERSION, made } satisfies Header)}\n`)
  for await (const part of parts) {
    if (part.kind === 'table') {
      tables += 1
      yield written(`${JSON.stringify({ table: part.table })}\n`)
    } else if (part.kind === 'sum') yield written(`${JSON.stringify({ sum: part.sum })}\n`)
    else {
      rows += part.rows.length
      for (const row of part.rows) yield written(`${lineOf(row)}\n`)
    }
  }
  yield `${JSON.stringify({ end: { tables, rows, sha256: hash.digest('hex') } })}\n`
}

/**
 * Reads the parts of a backup file. Whoever takes them to the end knows that the file is whole.
 *
 * @throws {Error} one sentence when it is no backup, of a later release, cut off or changed
 */
export async function* readBackup(path: string): AsyncGenerator<Part> {
  const reading = new Reading(path)
  try {
    for await (const line of splitLines(path)) yield* reading.take(line)
  } catch (error) {
    throw isDamage(error) ? reading.damaged() : error
  }
  reading.requireEnd()
}

const BATCH = 500

/** What has been read of one file. */
class Reading {
  readonly #hash = createHash('sha256')
  readonly #path: string
  #began = false
  #ended = false
  #sum: RowSum | undefined
  #table: TableShape | undefined
  #rows: Row[] = []
  #counts = { tables: 0, rows: 0 }

  constructor(path: string) {
    this.#path = path
  }

  damaged(): Error {
    return new Error(`${this.#path} is cut off or damaged, or is no backup of Annex; nothing was changed`)
  }

  *take(line: string): Generator<Part> {
    if (this.#ended) throw this.damaged()
    const words: unknown = JSON.parse(line)
    if (!this.#began) this.#begin(words)
    else if (Array.isArray(words)) yield* this.#row(line, words)
    else if (typeof words === 'object' && words !== null) yield* this.#mark(words as Readonly<Record<string, unknown>>)
    else throw this.damaged()
    if (!this.#ended) this.#hash.update(`${line}\n`)
  }

  requireEnd(): void {
    if (!this.#ended) throw this.damaged()
  }

  #begin(words: unknown): void {
    const header = words as Partial<Header> | null
    if (header?.annex !== 'backup' || typeof header.version !== 'number') throw this.damaged()
    if (header.version > VERSION) throw new Error(`${this.#path} was made by a later release; restore it with that one`)
    this.#began = true
  }

  *#row(line: string, words: readonly unknown[]): Generator<Part> {
    if (!this.#sum || words.length !== this.#table?.columns.length) throw this.damaged()
    this.#sum.add(line)
    this.#rows.push(words.map(valueOf))
    if (this.#rows.length === BATCH) yield this.#batch()
  }

  *#mark(words: Readonly<Record<string, unknown>>): Generator<Part> {
    if ('table' in words) {
      if (this.#sum) throw this.damaged()
      this.#table = words['table'] as TableShape
      this.#sum = new RowSum()
      yield { kind: 'table', table: this.#table }
    } else if ('sum' in words) {
      if (!this.#sum || JSON.stringify(this.#sum.sum) !== JSON.stringify(words['sum'])) throw this.damaged()
      if (this.#rows.length > 0) yield this.#batch()
      yield { kind: 'sum', sum: this.#sum.sum }
      this.#counts = { tables: this.#counts.tables + 1, rows: this.#counts.rows + this.#sum.rows }
      this.#sum = undefined
    } else {
      const wanted = { end: { ...this.#counts, sha256: this.#hash.digest('hex') } }
      if (this.#sum || JSON.stringify(words) !== JSON.stringify(wanted)) throw this.damaged()
      this.#ended = true
    }
  }

  #batch(): Part {
    const rows = this.#rows
    this.#rows = []
    return { kind: 'rows', rows }
  }
}

function valueOf(word: unknown): Value {
  if (word === null || typeof word === 'string' || typeof word === 'number') return word
  const { blob } = word as { readonly blob?: unknown }
  if (typeof blob !== 'string') throw new SyntaxError('no value of a row')
  return Buffer.from(blob, 'base64')
}

/** Lines end with a line feed and with nothing else: JSON leaves other line ends as they are. */
async function* splitLines(path: string): AsyncGenerator<string> {
  const source = createReadStream(path)
  const plain = createGunzip()
  // An error of either ends the other, and shows where the plain text is read.
  source.on('error', (error) => plain.destroy(error))
  const text = source.pipe(plain).setEncoding('utf8') as AsyncIterable<string>
  // A long row comes in many pieces: they are put together once.
  let begun: string[] = []
  for await (const piece of text) {
    const lines = piece.split('\n')
    begun.push(lines[0] ?? '')
    if (lines.length === 1) continue
    yield begun.join('')
    yield* lines.slice(1, -1)
    begun = [lines.at(-1) ?? '']
  }
  if (begun.join('') !== '') throw new SyntaxError('a line without an end')
}

const isDamage = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
