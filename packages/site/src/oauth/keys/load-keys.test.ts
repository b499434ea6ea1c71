import { chmod, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { oauthMigrations } from '../storage/oauth-migrations.ts'
import { makeKeyRing, parseKeyRing } from './key-ring.ts'
import { loadKeys, readRing, replaceRing } from './load-keys.ts'
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
    expect(second.secrets[0].key).toEqual(first.secrets[0].key)
  })

  it('is read where it is there, and nothing is written beside it: its folder need not be writable', async () => {
    await loadKeys({ keys: undefined, dataFolder: folder })
    await utimes(folder, 0, 0)
    await loadKeys({ keys: undefined, dataFolder: folder })
    expect((await stat(folder)).mtimeMs).toBe(0)
  })

  it('is one for processes that start at once', async () => {
    const rings = await Promise.all(Array.from({ length: 8 }, () => loadKeys({ keys: undefined, dataFolder: folder })))
    expect(new Set(rings.map((ring) => ring.secrets[0].kid)).size).toBe(1)
    expect(rings.filter((ring) => ring.written !== undefined)).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('may be given as JSON or as the path of a file', async () => {
    const text = makeKeyRing()
    const place = join(folder, 'ring')
    await writeFile(place, text, { mode: 0o600 })
    const [inline, file] = [await loadKeys({ keys: text, dataFolder: folder }), await loadKeys({ keys: place, dataFolder: folder })]
    expect(inline.secrets[0].kid).toBe(file.secrets[0].kid)
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
    await expect(loadKeys({ keys: join(folder, 'none'), dataFolder: folder })).rejects.toMatchObject({
      message: expect.stringMatching(/ANNEX_KEYS: the key file .* cannot be read \(ENOENT\)/) as string,
      cause: { code: 'ENOENT' },
    })
  })

  it('may stand in the setting behind blanks, and is then of no file', async () => {
    const text = makeKeyRing()
    const ring = await loadKeys({ keys: ` \n${text}`, dataFolder: join(folder, 'none') })
    expect(ring.signing).toHaveLength(2)
    expect([ring.file, ring.written]).toEqual([undefined, undefined])
    await expect(loadKeys({ keys: '{', dataFolder: folder })).rejects.toThrow(
      new Error('ANNEX_KEYS: the key ring in the setting must be JSON with the lists "signing" and "rotation"'),
    )
    expect(await readdir(folder)).toEqual([])
  })

  it('says in which file it stands, and who wrote that', async () => {
    const place = join(folder, 'keys.json')
    expect(await loadKeys({ keys: undefined, dataFolder: folder })).toMatchObject({ file: place, written: place })
    const again = await loadKeys({ keys: undefined, dataFolder: folder })
    expect(again.file).toBe(place)
    expect(again).not.toHaveProperty('written')
    const named = await loadKeys({ keys: place, dataFolder: join(folder, 'none') })
    expect(named.file).toBe(place)
    expect(named).not.toHaveProperty('written')
  })

  it('may be read by a group, and by nobody else', async () => {
    const place = join(folder, 'keys.json')
    await writeFile(place, makeKeyRing(), { mode: 0o640 })
    await expect(readRing(place)).resolves.toMatchObject({ signing: expect.any(Array) as unknown[] })
    for (const mode of [0o641, 0o642, 0o644]) {
      await chmod(place, mode)
      await expect(readRing(place)).rejects.toThrow(
        new Error(`ANNEX_KEYS: the key file ${place} can be read by everybody; run chmod 600 on it`),
      )
    }
  })

  it('has a folder that nobody else sees; where that cannot be made it is said', async () => {
    await loadKeys({ keys: undefined, dataFolder: join(folder, 'a/b') })
    expect((await stat(join(folder, 'a/b'))).mode & 0o777).toBe(0o700)
    await writeFile(join(folder, 'file'), '')
    const place = join(folder, 'file/site/keys.json')
    await expect(loadKeys({ keys: undefined, dataFolder: join(folder, 'file/site') })).rejects.toMatchObject({
      message: `ANNEX_KEYS: the key file ${place} cannot be written (ENOTDIR); make the folder writable or set ANNEX_KEYS`,
      cause: { code: 'ENOTDIR' },
    })
  })

  it('is replaced whole, with the rights of the one before but for everybody, and nothing is left beside it', async () => {
    const place = join(folder, 'keys.json')
    await writeFile(place, makeKeyRing())
    for (const [before, after] of [
      [0o640, 0o640],
      [0o600, 0o600],
      [0o644, 0o640],
    ] as const) {
      await chmod(place, before)
      const text = makeKeyRing()
      await replaceRing(place, text)
      expect([await readFile(place, 'utf8'), (await stat(place)).mode & 0o777]).toEqual([text, after])
    }
    expect(await readdir(folder)).toEqual(['keys.json'])
    const missing = join(folder, 'none.json')
    await expect(replaceRing(missing, '')).rejects.toMatchObject({
      message: `ANNEX_KEYS: the key file ${missing} cannot be written (ENOENT); make it writable or change the ring by hand`,
      cause: { code: 'ENOENT' },
    })
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('refuses short and doubled secret keys', async () => {
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
