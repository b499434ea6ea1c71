import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMINISTRATOR } from '../../packages/site/src/policy/principal.ts'
import { engines, temporaryDatabase, type Engine } from '../support/databases.ts'
import { findHalfDone, withDatabase } from './check-whole.ts'
import { TARGETS, definitions, kinds } from './crash-kinds.ts'
import { openCrashSite } from './crash-site.ts'
import { killWhileWriting } from './kill.ts'
import { judges } from './promises.ts'

const KILLS = Number(process.env['ANNEX_CRASH_KILLS'] ?? 2)
/** Milliseconds after a process is at work, at most, until it is killed. */
const LATEST = 150

/** A site with the DocTypes that are written to. */
async function makeSite(engine: Engine): Promise<{ url: string; remove(): Promise<void> }> {
  const place = await temporaryDatabase(engine)
  const { documents, database } = await openCrashSite(place.url)
  const insert = (doctype: string, values: object): Promise<unknown> => documents.insert(ADMINISTRATOR, doctype, [{ ...values }])
  for (const definition of definitions) await insert('DocType', definition)
  for (let number = 0; number < TARGETS; number += 1) {
    await insert('Crash Target', { name: `Target ${number} first 0`, number })
    const target = `Target ${number} first 0`
    await insert('Crash Link', {
      name: `Link ${number}`,
      target,
      lines: [
        { number, target },
        { number, target },
      ],
    })
  }
  await database.close()
  return place
}

let compiled: string
beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), 'annex-compiled-'))
})
afterAll(() => rm(compiled, { recursive: true }))

describe.each(engines)('a process that is killed at any moment, on %s', (engine) => {
  let place: { url: string; remove(): Promise<void> }
  beforeAll(async () => {
    place = await makeSite(engine)
  })
  afterAll(() => place.remove())

  it.each(kinds)(
    `leaves nothing half done and loses nothing it answered for: ${KILLS} times while it writes %s`,
    async (kind) => {
      const judge = judges[kind]()
      let answered = 0
      for (let kill = 0; kill < KILLS; kill += 1) {
        const said = await killWhileWriting({ url: place.url, kind, run: String(kill), delay: Math.random() * LATEST, compiled })
        answered += said.length
        const wrong = await withDatabase(place.url, async (database) => [
          ...(await judge(database, said)),
          ...(await findHalfDone(database)),
        ])
        expect(wrong, `after kill ${kill + 1}`).toEqual([])
      }
      expect(answered).toBeGreaterThan(KILLS / 2)
      if (KILLS > 2)
        process.stdout.write(`${engine}, ${kind}: ${KILLS} kills, ${answered} answered writes, nothing half done, nothing lost\n`)
    },
    60_000 + KILLS * 20_000,
  )
})
