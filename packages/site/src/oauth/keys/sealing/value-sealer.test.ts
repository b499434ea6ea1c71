import { databaseMigrations, migrate, openDatabase, type Connection, type Database } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../../tests/support/databases.ts'
import { doctypeTables } from '../../../doctypes/migrations.ts'
import { readSiteId } from '../../../doctypes/tables/site-id-store.ts'
import type { Sealer } from '../../../documents/secrets/sealer.ts'
import { makeKeyRing, parseKeyRing, type KeyRing } from '../key-ring.ts'
import { sealedBefore } from './sealer.fixture.ts'
import { BOUND, valueSealer } from './value-sealer.ts'

const PLACE = { doctype: 'Account', name: 'A', fieldname: 'pwd' }
const newRing = (): Promise<KeyRing> => parseKeyRing(makeKeyRing(), 'x')

describe.each(engines)('A sealed value on %s', (engine) => {
  const sites: { readonly database: Database; close(): Promise<void> }[] = []
  let [here, elsewhere]: Connection[] = []
  beforeAll(async () => {
    for (const _ of ['ours', 'another']) {
      const place = await temporaryDatabase(engine)
      const database = await openDatabase(place.url)
      await migrate(database, [...databaseMigrations, ...doctypeTables])
      sites.push({ database, close: () => database.close().then(() => place.remove()) })
    }
    ;[here, elsewhere] = sites.map(({ database }) => database.connection)
  })
  afterAll(() => Promise.all(sites.map((site) => site.close())))

  const sealerOf = (ring: Pick<KeyRing, 'secrets'>, lacking: string[] = []): Sealer =>
    valueSealer({ ring, siteOf: readSiteId, onLacking: (keyId) => void lacking.push(keyId) })

  it('opens again, and is another text each time', async () => {
    const sealer = sealerOf(await newRing())
    for (const secret of ['x', 'Grüße 👋', 'a'.repeat(5000)]) {
      const [one, other] = [await sealer.seal(here!, secret, PLACE), await sealer.seal(here!, secret, PLACE)]
      expect(one.text).not.toBe(other.text)
      expect([await sealer.open(here!, one, PLACE), await sealer.open(here!, other, PLACE)]).toEqual([secret, secret])
      // One letter is in random bytes by chance.
      if (secret.length > 1) expect(Buffer.from(one.text.slice(2), 'base64url').includes(secret)).toBe(false)
    }
  })

  it('opens in no other place, and not when it was altered or cut', async () => {
    const sealer = sealerOf(await newRing())
    const sealed = await sealer.seal(here!, 'secret', PLACE)
    for (const other of [{ doctype: 'Other' }, { name: 'B' }, { fieldname: 'pin' }])
      await expect(sealer.open(here!, sealed, { ...PLACE, ...other })).rejects.toThrow('for another place, or was altered')
    const { text } = sealed
    for (const altered of ['', '2.', text.slice(2), text.slice(0, 20), `${text.slice(0, -2)}AA`, `2.A${text.slice(3)}`])
      if (altered !== text)
        await expect(sealer.open(here!, { ...sealed, text: altered }, PLACE)).rejects.toThrow('for another place, or was altered')
  })

  it('opens by its whole seal alone: of a shorter one the rest could be guessed', async () => {
    const sealer = sealerOf(await newRing())
    const sealed = await sealer.seal(here!, '', PLACE)
    const bytes = Buffer.from(sealed.text.slice(BOUND.length), 'base64url')
    expect([bytes.length, await sealer.open(here!, sealed, PLACE)]).toEqual([12 + 16, ''])
    for (const length of [15, 12, 8, 4]) {
      const text = BOUND + bytes.subarray(0, 12 + length).toString('base64url')
      await expect(sealer.open(here!, { ...sealed, text }, PLACE)).rejects.toThrow('for another place, or was altered')
    }
  })

  it('opens in no other site of the same ring', async () => {
    const sealer = sealerOf(await newRing())
    const sealed = await sealer.seal(here!, 'secret', PLACE)
    await expect(sealer.open(elsewhere!, sealed, PLACE)).rejects.toThrow('for another place, or was altered')
    expect(await readSiteId(here!)).not.toBe(await readSiteId(elsewhere!))
  })

  it('opens still that was sealed by an earlier release, which bound it to no site', async () => {
    const ring = await newRing()
    const sealer = sealerOf(ring)
    const sealed = sealedBefore(ring.secrets[0], 'old', PLACE)
    for (const site of [here!, elsewhere!]) expect(await sealer.open(site, sealed, PLACE)).toBe('old')
    await expect(sealer.open(here!, sealed, { ...PLACE, name: 'B' })).rejects.toThrow('for another place')
    await expect(sealer.open(here!, { ...sealed, text: `2.${sealed.text}` }, PLACE)).rejects.toThrow('for another place')
  })

  it('opens with the key that sealed it as long as the ring has it, whichever seals now', async () => {
    const [old, next] = [await newRing(), await newRing()]
    const lacking: string[] = []
    const sealed = await sealerOf(old).seal(here!, 'secret', PLACE)
    const both = sealerOf({ secrets: [next.secrets[0], old.secrets[0]] })
    expect(await both.open(here!, sealed, PLACE)).toBe('secret')
    expect((await both.seal(here!, 'secret', PLACE)).keyId).toBe(next.secrets[0].kid)
    await expect(sealerOf(next, lacking).open(here!, sealed, PLACE)).rejects.toThrow(`with the key ${old.secrets[0].kid}`)
    expect(lacking).toEqual([old.secrets[0].kid])
  })
})
