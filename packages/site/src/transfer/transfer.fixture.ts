import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '@annex/database'
import { temporaryDatabase } from '../../../../tests/support/databases.ts'
import { readConfig, type Config } from '../config.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { openSite, type Site } from '../site.ts'

/** A database, empty or with a site, and a folder for its keys. All that was opened is closed with it. */
export interface Place {
  readonly url: string
  readonly config: Config
  readonly folder: string
  open(): Promise<Site>
  remove(): Promise<void>
}

export async function makePlace(engine: Engine): Promise<Place> {
  const database = await temporaryDatabase(engine)
  const folder = await mkdtemp(join(tmpdir(), 'annex-transfer-'))
  const config = readConfig({ DATABASE_URL: database.url, ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: 'a-password-for-tests', PORT: '0' })
  const sites: Site[] = []
  return {
    url: database.url,
    config,
    folder,
    open: async () => {
      const site = await openSite(config)
      sites.push(site)
      return site
    },
    remove: async () => {
      for (const site of sites) await site.close()
      await database.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const PERMISSIONS = [{ role: 'System Manager', read: 1, write: 1, create: 1, delete: 1 }]

/** DocTypes with every kind of column, a former field, child rows, names of a series, and a file. */
export async function fillSite(site: Site): Promise<void> {
  const insert = (doctype: string, ...documents: object[]): Promise<unknown> =>
    site.backend.insert(ADMINISTRATOR, doctype, documents as Readonly<Record<string, unknown>>[])
  await insert('DocType', { name: 'Move Line', istable: 1, fields: [{ fieldname: 'qty', fieldtype: 'Float' }] })
  await insert('DocType', {
    name: 'Move Sheet',
    autoname: 'MS-.####',
    title_field: 'title',
    permissions: PERMISSIONS,
    fields: [
      { fieldname: 'title', fieldtype: 'Data', unique: 1 },
      { fieldname: 'gone', fieldtype: 'Int' },
      { fieldname: 'price', fieldtype: 'Currency' },
      { fieldname: 'done', fieldtype: 'Check' },
      { fieldname: 'at', fieldtype: 'Datetime', search_index: 1 },
      { fieldname: 'clock', fieldtype: 'Time' },
      { fieldname: 'facts', fieldtype: 'JSON' },
      { fieldname: 'who', fieldtype: 'Link', options: 'Role' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Move Line' },
    ],
  })
  await insert('Move Sheet', ...sheets())
  await site.backend.update(ADMINISTRATOR, {
    doctype: 'DocType',
    name: 'Move Sheet',
    values: {
      fields: (
        (await site.backend.read(ADMINISTRATOR, { doctype: 'DocType', name: 'Move Sheet' }))['fields'] as { fieldname: string }[]
      ).filter(({ fieldname }) => fieldname !== 'gone'),
    },
  })
}

const ODD = ['line one\nline two\u2028three', '😀 “quoted” \\ back', 'ΟΔΟΣ', "it's; drop table", '']

const sheets = (): object[] =>
  Array.from({ length: 620 }, (_, index) => ({
    title: `${ODD[index % 5]} ${index}`,
    gone: index,
    price: index % 3 === 0 ? 0.000000001 * index : 123456.789 * index,
    done: index % 2,
    at: index % 4 === 0 ? null : '2026-01-31 10:00:00.123456',
    clock: '9:30',
    facts: index % 2 === 0 ? null : { a: [1, null, 'x'] },
    who: 'System Manager',
    lines: index % 10 === 0 ? [{ qty: 1.5 }, { qty: index }] : [],
  }))
