import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { filePath, readTables, type StoredRow } from './stored.ts'

export interface Place {
  readonly name: string
  readonly bytes: Buffer
}

export interface Finding {
  readonly secret: string
  readonly form: string
  readonly place: string
}

/** Every way in which a text may lie somewhere and be got back without a key. */
export function formsOf(text: string): Map<string, string> {
  const bytes = Buffer.from(text)
  const forms = new Map([
    ['clear', text],
    ['as JSON', JSON.stringify(text).slice(1, -1)],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['percent-encoded', encodeURIComponent(text)],
    ['percent-encoded in small letters', encodeURIComponent(text).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['form-encoded', new URLSearchParams({ '': text }).toString().slice(1)],
  ])
  for (const shift of [0, 1, 2])
    for (const kind of ['base64', 'base64url'] as const) forms.set(`${kind} after ${shift} bytes`, inBase64(bytes, shift, kind))
  return forms
}

/** The characters of base64 that depend on these bytes alone, whatever stands `shift` bytes (modulo three) in front and behind. */
function inBase64(bytes: Buffer, shift: number, kind: 'base64' | 'base64url'): string {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(kind)
    .replaceAll('=', '')
  return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
}

/** Where any of the secrets lies in any form. */
export function findSecrets(places: readonly Place[], secrets: ReadonlyMap<string, string>): Finding[] {
  const forms = [...secrets].flatMap(([secret, text]) => [...formsOf(text)].map(([form, sought]) => ({ secret, form, sought })))
  return places.flatMap(({ name, bytes }) =>
    forms.filter(({ sought }) => bytes.includes(sought)).map(({ secret, form }) => ({ secret, form, place: name })),
  )
}

/** Each file below a folder but those that `spare` names. */
export async function filesBelow(folder: string, spare: readonly string[] = []): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile() && !spare.includes(entry.name)).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(paths.map(async (path) => ({ name: path, bytes: await readFile(path) })))
}

/**
 * A database as a thief has it: every row of every table and, of SQLite, the bytes of its files, since what
 * was removed may still stand there. (Of a long value the file holds pieces, so the rows are read too.)
 */
export async function contentOf(databaseUrl: string): Promise<Place[]> {
  const tables = [...(await readTables(databaseUrl))].map(([table, rows]) => tableContent(table, rows))
  const path = filePath(databaseUrl)
  const files = path === undefined ? [] : (await filesBelow(join(path, '..'))).filter(({ name }) => name.startsWith(path))
  return [...tables, ...files]
}

function tableContent(table: string, rows: readonly StoredRow[]): Place {
  const values = rows.flatMap((row) => Object.values(row)).map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(String(value))))
  return { name: `table ${table}`, bytes: Buffer.concat(values.flatMap((value) => [value, Buffer.from('\n')])) }
}
