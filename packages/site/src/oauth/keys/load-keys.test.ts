import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { oauthMigrations } from '../storage/oauth-migrations.ts'
import { makeKeyRing, parseKeyRing } from './key-ring.ts'
import { loadKeys } from './load-keys.ts'
import { recordKeys } from './signing-keys-store.ts'

describe('the key ring', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-keys-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is written once, for its owner alone, and read again', async () => {
    const place = join(folder, 'site')
    const first = await loadKeys({ keys: undefined, dataFolder: place })
    expect(first.written).toBe(join(place, 'keys.json'))
    expect((await stat(join(place, 'keys.json'))).mode & 0o777).toBe(0o600)
    const second = await loadKeys({ keys: undefined, dataFolder: place })
    expect(second.written).toBeUndefined()
    expect(second.signing.map((key) => key.kid)).toEqual(first.signing.map((key) => key.kid))
    expect(second.rotation[0].key).toEqual(first.rotation[0].key)
  })

  it('is one for processes that start at once', async () => {
    const rings = await Promise.all(Array.from({ length: 8 }, () => loadKeys({ keys: undefined, dataFolder: folder })))
    expect(new Set(rings.map((ring) => ring.rotation[0].kid)).size).toBe(1)
    expect(rings.filter((ring) => ring.written !== undefined)).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('may be given as JSON or as the path of a file', async () => {
    const text = makeKeyRing()
    const place = join(folder, 'ring')
    await writeFile(place, text, { mode: 0o600 })
    const [inline, file] = [await loadKeys({ keys: text, dataFolder: folder }), await loadKeys({ keys: place, dataFolder: folder })]
    expect(inline.rotation[0].kid).toBe(file.rotation[0].kid)
    expect(await readdir(folder)).toEqual(['ring'])
  })

  it('that everybody can read stops the start', async () => {
    await loadKeys({ keys: undefined, dataFolder: folder })
    await chmod(join(folder, 'keys.json'), 0o644)
    await expect(loadKeys({ keys: undefined, dataFolder: folder })).rejects.toThrow('can be read by everybody; run chmod 600')
  })

  it.each([
    ['{', 'must be JSON'],
    ['{"signing":[],"rotation":[]}', 'exactly one signing key whose state is "current"'],
    ['{"signing":[{"state":"current","jwk":{"kty":"EC"}}],"rotation":[]}', 'not a private P-256 JWK'],
    ['{"signing":[{"state":"old"}],"rotation":[]}', 'whose state is not'],
  ])('that says %s is named with its fault and never shown', async (text, fault) => {
    const place = join(folder, 'ring')
    await writeFile(place, text, { mode: 0o600 })
    await expect(loadKeys({ keys: place, dataFolder: folder })).rejects.toThrow(`ANNEX_KEYS: the key ring ${place} `)
    await expect(loadKeys({ keys: place, dataFolder: folder })).rejects.toThrow(fault)
  })

  it('that is not there is said in a sentence', async () => {
    await expect(loadKeys({ keys: join(folder, 'none'), dataFolder: folder })).rejects.toThrow(
      /ANNEX_KEYS: the key file .* cannot be read \(ENOENT\)/,
    )
  })

  it('refuses short and doubled rotation keys', async () => {
    const ring = JSON.parse(makeKeyRing()) as { rotation: { version: string; key: string }[] }
    const [key] = ring.rotation
    await expect(parseKeyRing(JSON.stringify({ ...ring, rotation: [{ version: '1', key: 'AAAA' }] }), 'x')).rejects.toThrow(
      'fewer than 32 bytes',
    )
    await expect(parseKeyRing(JSON.stringify({ ...ring, rotation: [key, key] }), 'x')).rejects.toThrow('the same version')
  })
})

describe.each(engines)('the keys of a site on %s', (engine) => {
  it('are recorded without their secrets, and a process that lacks one stops', async () => {
    const place = await temporaryDatabase(engine)
    const database = await openDatabase(place.url)
    try {
      await migrate(database, [...databaseMigrations, ...oauthMigrations])
      const text = makeKeyRing()
      const ring = await parseKeyRing(text, 'x')
      await recordKeys(database.connection, ring, 1)
      await recordKeys(database.connection, ring, 2)
      const rows = JSON.stringify(
        await database.connection
          .withTables<{ signing_key: { kid: string; public_jwk: string } }>()
          .selectFrom('signing_key')
          .selectAll()
          .execute(),
      )
      const { signing, rotation } = JSON.parse(text) as { signing: { jwk: { d: string } }[]; rotation: { key: string }[] }
      for (const secret of [...signing.map(({ jwk }) => jwk.d), ...rotation.map(({ key }) => key)]) expect(rows).not.toContain(secret)
      const other = await parseKeyRing(makeKeyRing(), 'x')
      await expect(recordKeys(database.connection, other, 3)).rejects.toThrow(
        /ANNEX_KEYS: this site uses the key \S+, which this process lacks/,
      )
    } finally {
      await database.close()
      await place.remove()
    }
  })
})

it('a key file is JSON that people can back up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'annex-keys-'))
  await loadKeys({ keys: undefined, dataFolder: folder })
  expect(Object.keys(JSON.parse(await readFile(join(folder, 'keys.json'), 'utf8')) as object)).toEqual(['signing', 'rotation'])
  await rm(folder, { recursive: true })
})
