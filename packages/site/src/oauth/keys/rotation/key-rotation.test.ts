import { generateKeyPairSync } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, ask, connect, person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { makeKeyRing, parseKeyRing } from '../key-ring.ts'
import { loadKeys, readRing, replaceRing } from '../load-keys.ts'
import { KeyRotation } from './key-rotation.ts'
import { LiveKeys } from './live-keys.ts'
import { rotatedRing } from './rotated-ring.ts'

const HOUR = 3600
const DAY = 24 * HOUR

describe.each(engines)('the rotation of signing keys on %s', (engine) => {
  let provider: Provider
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    alice = await new Browser(provider).signIn(await person(provider))
  })
  afterAll(() => provider.close())

  const published = async (): Promise<Record<string, unknown>[]> =>
    (await ask(provider, '/.well-known/jwks.json')).json['keys'] as Record<string, unknown>[]
  const states = (): string[] => provider.oauth.keys.list().map(({ state }) => state)
  const kidIn = (state: string): string => provider.oauth.keys.list().find((key) => key.state === state)?.kid ?? ''
  const idToken = async (values = {}): Promise<string> => (await connect(provider, alice, await register(provider, values))).idToken

  it('leaves a key file that only its owner reads, whole, and nothing beside it', async () => {
    const file = join(provider.folder, 'keys.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readdir(provider.folder)).filter((name) => name.includes('keys'))).toEqual(['keys.json'])
    expect((await readRing(file)).signing.map(({ kid }) => kid)).toEqual(provider.oauth.keys.list().map(({ kid }) => kid))
  })

  it('completes a rotation whose process died when it had written the file', async () => {
    const file = join(provider.folder, 'keys.json')
    const [current, next] = [kidIn('current'), kidIn('next')]
    await replaceRing(file, rotatedRing(await readRing(file), 1).text)
    expect(decodeProtectedHeader(await idToken()).kid).toBe(current)
    await expect(provider.oauth.keys.rotate()).rejects.toThrow('has not been published for long enough')
    await ask(provider, '/.well-known/jwks.json')
    expect(kidIn('current')).toBe(next)
    expect(
      states()
        .filter((state) => state !== 'retired')
        .toSorted(),
    ).toEqual(['current', 'next'])
    expect(decodeProtectedHeader(await idToken()).kid).toBe(next)
    expect((await readRing(file)).signing.map(({ kid, state }) => `${kid} ${state}`)).toEqual(
      provider.oauth.keys.list().map(({ kid, state }) => `${kid} ${state}`),
    )
  })

  it('keeps private parts out of the database and out of the trail', async () => {
    provider.advance(11 * 60)
    await provider.oauth.keys.rotate()
    const { signing } = JSON.parse(await readFile(join(provider.folder, 'keys.json'), 'utf8')) as { signing: { jwk: { d: string } }[] }
    const db = provider.database.connection.withTables<{ signing_key: object; audit: object }>()
    const rows = JSON.stringify([
      await db.selectFrom('signing_key').selectAll().execute(),
      await db.selectFrom('audit').selectAll().execute(),
    ])
    expect(rows).toContain('oauth.keys.rotated')
    for (const { jwk } of signing) expect(rows).not.toContain(jwk.d)
  })

  it('happens by itself at the age that the settings say, once however many processes look', async () => {
    const current = kidIn('current')
    await provider.oauth.tidy()
    expect(kidIn('current')).toBe(current)
    provider.advance(91 * DAY)
    const others = await Promise.all([otherProcess(provider), otherProcess(provider)])
    const next = kidIn('next')
    await Promise.all([provider.oauth.tidy(), ...others.map(({ rotation }) => rotation.rotateWhenDue())])
    for (const { keys } of others) await keys.follow()
    expect(kidIn('current')).toBe(next)
    for (const { rotation } of others) expect(rotation.list().find((key) => key.state === 'current')?.kid).toBe(next)
    expect(provider.faults).toEqual([])
  })

  it('never happens by itself when the settings say 0', async () => {
    const set = (days: number): Promise<unknown> =>
      provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { signing_key_days: days } })
    await set(0)
    const current = kidIn('current')
    provider.advance(400 * DAY)
    await provider.oauth.tidy()
    expect(kidIn('current')).toBe(current)
    await set(90)
  })

  it('tells an operator of a ring that it cannot write, and goes on', async () => {
    const text = await readFile(join(provider.folder, 'keys.json'), 'utf8')
    const keys = new LiveKeys({ ...provider, ring: await loadKeys({ keys: text, dataFolder: provider.folder }), onNotice: note })
    const told: string[] = []
    function note(sentence: string): void {
      told.push(sentence)
    }
    await keys.record()
    const rotation = new KeyRotation({ ...provider, keys, onNotice: note })
    await rotation.rotateWhenDue()
    expect(told).toEqual([expect.stringMatching(/^The signing key is older than 90 days .*ANNEX_KEYS holds the ring itself/)])
    await expect(rotation.rotate()).rejects.toThrow('ANNEX_KEYS holds the key ring itself')
  })

  it('warns a process that lacks the next key, and stops one that lacks the current one', async () => {
    const told: string[] = []
    const ring = await loadKeys({ keys: await readFile(join(provider.folder, 'keys.json'), 'utf8'), dataFolder: provider.folder })
    const keys = new LiveKeys({ ...provider, ring, onNotice: (sentence) => void told.push(sentence) })
    await keys.record()
    await provider.oauth.keys.rotate()
    await keys.follow()
    await keys.follow()
    expect(told).toEqual([expect.stringContaining("is the site's next one and this process lacks it")])
    expect(keys.signing.find((key) => key.state === 'current')?.kid).toBe(kidIn('current'))
    await provider.oauth.keys.rotate({ early: true })
    await expect(keys.follow()).rejects.toThrow(/ANNEX_KEYS: this site uses the key \S+, which this process lacks/)
  })

  it('adds RSA keys for verifiers that know no elliptic curves, used for the apps that want them alone', async () => {
    alice = await new Browser(provider).signIn(await person(provider))
    expect((await ask(provider, '/.well-known/openid-configuration')).json['id_token_signing_alg_values_supported']).toEqual(['ES256'])
    const plain = await idToken({ rs256_id_token: 1 })
    expect(decodeProtectedHeader(plain).alg).toBe('ES256')
    await provider.oauth.keys.add('RS256')
    expect((await ask(provider, '/.well-known/openid-configuration')).json['id_token_signing_alg_values_supported']).toEqual([
      'ES256',
      'RS256',
    ])
    const token = await idToken({ rs256_id_token: 1 })
    expect(decodeProtectedHeader(token).alg).toBe('RS256')
    const jwks = createRemoteJWKSet(new URL(`${provider.base}/.well-known/jwks.json`))
    await jwtVerify(token, jwks, { issuer: provider.base, algorithms: ['RS256'] })
    expect(decodeProtectedHeader(await idToken()).alg).toBe('ES256')
    for (const key of await published()) for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(member)
    await expect(provider.oauth.keys.add('RS256')).rejects.toThrow('has keys for RS256 already')
  })
})

/** The keys of another process of the same site, with the same key file. */
async function otherProcess(provider: Provider): Promise<{ keys: LiveKeys; rotation: KeyRotation }> {
  const parts = { ...provider, onNotice: () => undefined }
  const keys = new LiveKeys({ ...parts, ring: await loadKeys({ keys: undefined, dataFolder: provider.folder }) })
  await keys.record()
  return { keys, rotation: new KeyRotation({ ...parts, keys }) }
}

describe('a ring that is edited by hand', () => {
  it('is left as it was when its folder cannot be written, in a sentence that names the place', async () => {
    await expect(replaceRing('/nowhere/keys.json', makeKeyRing())).rejects.toThrow(
      'ANNEX_KEYS: the key file /nowhere/keys.json cannot be written (ENOENT); make it writable',
    )
  })

  it('holds at most one current RSA key, of 2048 bits or more', async () => {
    const ring = JSON.parse(makeKeyRing()) as { signing: object[] }
    const rsa = (modulusLength: number): object => generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' })
    const with_ = (...jwks: object[]): string =>
      JSON.stringify({ ...ring, signing: [...ring.signing, ...jwks.map((jwk) => ({ state: 'current', jwk }))] })
    expect((await parseKeyRing(with_(rsa(2048)), 'x')).signing.map(({ alg }) => alg)).toEqual(['ES256', 'ES256', 'RS256'])
    await expect(parseKeyRing(with_(rsa(1024)), 'x')).rejects.toThrow('2048 bits or more')
    await expect(parseKeyRing(with_(rsa(2048), rsa(2048)), 'x')).rejects.toThrow('at most one for RS256')
  })
})
