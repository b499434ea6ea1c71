import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { temporaryDatabase } from '../support/databases.ts'
import { readContents } from './contents.ts'
import { itemColumns, makeItems } from './items.ts'
import { runMeasured } from './measured-command.ts'
import { proveTransfer } from './prove-transfer.ts'

const DOCUMENTS = 2000
/** Milliseconds: more than a dozen commands run one after the other, and other tests beside them. */
const MANY_PROCESSES = 180_000
const { signal } = new AbortController()

/** `npm run prove:transfer` does the same with a million documents. */
describe('a site that is backed up, restored, copied and changed by the commands', () => {
  it(
    'holds the same rows and values at every station',
    async () => {
      const steps = await proveTransfer({ documents: DOCUMENTS, signal })
      expect(steps.map(({ name }) => name.split(' ')[0])).toEqual(['backup', 'restore', 'copy', 'copy', ...twice(CHANGES)])
      for (const { rows, memory } of steps) {
        expect(rows).toBeGreaterThanOrEqual(DOCUMENTS)
        expect(memory).toBeGreaterThan(10_000_000)
      }
    },
    MANY_PROCESSES,
  )

  it('would be found out by one value that is another, and by one row that is missing', async () => {
    const place = await temporaryDatabase('sqlite')
    try {
      await makeItems(place.url, 30, signal)
      const before = await readContents(place.url, itemColumns, signal)
      await write(place.url, `update "tabItem" set lead_time_days = lead_time_days + 1 where name = 'ITEM-000029'`)
      const changed = await readContents(place.url, itemColumns, signal)
      expect(changed.items).not.toBe(before.items)
      expect(changed.counts).toEqual(before.counts)
      await write(place.url, `delete from "tabUOM" where name = 'Kg'`)
      expect((await readContents(place.url, itemColumns, signal)).counts).toEqual({ ...before.counts, tabUOM: 3 })
    } finally {
      await place.remove()
    }
  })

  it('takes all away when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-interrupted-'))
    vi.stubEnv('TMPDIR', folder)
    try {
      const interrupted = new AbortController()
      const say = (): void => interrupted.abort(new Error('enough'))
      await expect(proveTransfer({ documents: 30, signal: interrupted.signal, say })).rejects.toThrow('enough')
      expect(await readdir(folder)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true })
    }
  })

  it('ends the command it is at when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-interrupted-'))
    try {
      const interrupted = new AbortController()
      const ended = runMeasured(['backup', '--to', join(folder, 'backup')], { ANNEX_DATA: folder }, { folder, signal: interrupted.signal })
      interrupted.abort(new Error('enough'))
      await expect(ended).rejects.toThrow('enough')
      expect(await readdir(folder)).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

const CHANGES = ['retype', 'retype', 'retype', 'add', 'remove']
const twice = (words: readonly string[]): string[] => [...words, ...words]

async function write(url: string, statement: string): Promise<void> {
  const database = await openDatabase(url)
  await database.transaction((connection) => sql.raw(statement).execute(connection))
  await database.close()
}
