import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { startSite } from '../../../../../../tests/support/site.ts'
import { Api } from '../../../../../../tests/support/callers/api.ts'
import {
  connect as connectVisitor,
  registerApp,
  renew as renewAt,
  tokensOf as pairOf,
} from '../../../../../../tests/support/callers/connected-app.ts'
import { Visitor } from '../../../../../../tests/support/callers/visitor.ts'
import { readConfig } from '../../../config.ts'
import { repeatedPair } from '../../grants/token-pair.ts'
import { openSite } from '../../../site.ts'
import { Browser, connect, person, register, renew, tokensOf, type App, type Tokens } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { tokenKey } from '../../token-text.ts'
import { makeKeyRing, parseKeyRing } from '../key-ring.ts'
import { loadKeys, readRing, replaceRing } from '../load-keys.ts'
import { KeyRotation } from './key-rotation.ts'
import { LiveKeys } from './live-keys.ts'
import { ringWithNextSecret } from './rotated-ring.ts'

describe.each(engines)('the rotation of the secret key on %s', (engine) => {
  let provider: Provider
  let app: App
  let tokens: Tokens

  beforeAll(async () => {
    provider = await openProvider(engine)
    const alice = await new Browser(provider).signIn(await person(provider))
    app = await register(provider)
    tokens = await connect(provider, alice, app)
  })
  afterAll(() => provider.close())

  const states = (): string[] => provider.oauth.keys.listSecret().map(({ state }) => state)
  const kidIn = (state: string): string => provider.oauth.keys.listSecret().find((key) => key.state === state)?.kid ?? ''
  const file = (): string => join(provider.folder, 'keys.json')

  it('refuses to use a key that a process may lack, unless it must be', async () => {
    await expect(provider.oauth.keys.rotateSecret()).rejects.toThrow(
      /^The next secret key has not been known for long enough: .* 20\d\d-.*leaked$/,
    )
    expect(states()).toEqual(['current', 'next'])
  })

  it('leaves the answer of a renewal as it was, for who did not get it', async () => {
    const other = new LiveKeys({ ...provider, ring: await loadKeys({ keys: undefined, dataFolder: provider.folder }), onNotice: () => {} })
    await other.record()
    const answered = tokensOf(await renew(provider, app, tokens.refresh))
    provider.advance(11 * 60)
    const late = tokensOf(await renew(provider, app, answered.refresh))
    expect((await provider.oauth.keys.rotateSecret()).tookOver).toBe(true)
    expect(states()).toEqual(['current', 'retired', 'next'])
    expect(tokensOf(await renew(provider, app, answered.refresh))).toEqual(late)
    const next = tokensOf(await renew(provider, app, late.refresh))
    expect([late.refresh.slice(0, 4), next.refresh.slice(0, 4)]).toEqual(['rt1_', 'rt2_'])
    // A process that has not noticed yet knows the key by which it was answered.
    expect(other.secrets[0].version).toBe('1')
    expect(repeatedPair(other, late.refresh, tokenKey(next.refresh))).toEqual({ access: next.access, refresh: next.refresh })
  })

  it('is in the file of keys before it is in the database, and is completed when its process dies between the two', async () => {
    const [current, next] = [kidIn('current'), kidIn('next')]
    await replaceRing(file(), ringWithNextSecret(await readRing(file())).text)
    await expect(provider.oauth.keys.rotateSecret()).rejects.toThrow('has not been known for long enough')
    expect([provider.ring.secrets[0].kid, states()]).toEqual([next, ['current', 'retired', 'retired', 'next']])
    expect(provider.oauth.keys.listSecret()).toContainEqual(expect.objectContaining({ kid: current, state: 'retired' }))
    expect((await readRing(file())).secrets.map(({ kid, state }) => `${kid} ${state}`).toSorted()).toEqual(
      provider.oauth.keys
        .listSecret()
        .map(({ kid, state }) => `${kid} ${state}`)
        .toSorted(),
    )
  })

  it('begins with a next key in a ring of an earlier release, which had none', async () => {
    const place = await openProvider(engine)
    try {
      const path = join(place.folder, 'keys.json')
      const { rotation, ...ring } = JSON.parse(await readFile(path, 'utf8')) as { rotation: { version: string; key: string }[] }
      await place.database.connection
        .withTables<{ signing_key: { kid: string } }>()
        .deleteFrom('signing_key')
        .where('kid', '=', place.ring.secrets[1]!.kid)
        .execute()
      const bare = rotation.map(({ version, key }) => ({ version, key }))
      await writeFile(path, JSON.stringify({ ...ring, rotation: [bare[0]] }))
      const text = JSON.stringify({ ...ring, rotation: bare })
      expect((await parseKeyRing(text, 'x')).secrets.map(({ state }) => state)).toEqual(['current', 'retired'])
      const keys = new LiveKeys({ ...place, ring: await loadKeys({ keys: undefined, dataFolder: place.folder }), onNotice: () => {} })
      const rotate = () => new KeyRotation({ ...place, keys, onNotice: () => {} }).rotateSecret({ early: true })
      expect(await rotate()).toMatchObject({
        tookOver: false,
        keys: [{ kid: place.ring.secrets[0].kid, state: 'current' }, { state: 'next' }],
      })
      expect(await rotate()).toMatchObject({ tookOver: true, keys: [{ state: 'current' }, { state: 'retired' }, { state: 'next' }] })
    } finally {
      await place.close()
    }
  })
})

it('a ring takes as many secret keys as there are versions, and says then what to do', async () => {
  const rotated = async (text: string): Promise<string> => ringWithNextSecret(await parseKeyRing(text, 'x')).text
  let text = makeKeyRing()
  for (let count = 2; count < 36; count += 1) text = await rotated(text)
  expect(new Set((await parseKeyRing(text, 'x')).secrets.map(({ version }) => version)).size).toBe(36)
  await expect(rotated(text)).rejects.toThrow('The key ring is full; annex keys reseal says')
})

it('two processes renew tokens across a rotation, and each repeats what the other answered', async () => {
  const site = await startSite('postgres')
  const ring = join(site.folder, 'keys.json')
  const second = await startSite('postgres', { DATABASE_URL: site.databaseUrl, ANNEX_KEYS: ring })
  const operator = await openSite(readConfig({ ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl }))
  try {
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    const app = await registerApp(admin, { scopes: 'openid' })
    const [user, password] = ['ann@example.com', 'corr3ct-horse-battery']
    await admin.insert('User', { email: user, first_name: 'Ann', new_password: password, roles: [{ role: 'System Manager' }] })
    let { refresh } = await connectVisitor(await new Visitor(site.url).signIn(user, password), app, 'openid')
    for (const [one, other] of [
      [site, second],
      [second, site],
    ] as const) {
      const answered = pairOf(await renewAt(one.url, app, refresh))
      await operator.keys.rotateSecret({ early: true })
      expect(pairOf(await renewAt(other.url, app, refresh))).toEqual(answered)
      const next = pairOf(await renewAt(other.url, app, answered.refresh))
      expect(next.refresh.slice(0, 3)).toBe('rt' + operator.keys.listSecret()[0]!.kid.split('-')[1])
      expect(pairOf(await renewAt(one.url, app, answered.refresh))).toEqual(next)
      refresh = next.refresh
    }
  } finally {
    await operator.close()
    await second.close()
    await site.close()
  }
})
