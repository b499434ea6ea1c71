import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { makeKeyRing, parseKeyRing, writeKeyRing, type KeyRing } from '../key-ring.ts'
import { loadKeys, readRing } from '../load-keys.ts'
import { forgetSigningKeys, readKeyRows, recordKeys } from '../signing-keys-store.ts'
import { KeyRotation } from './key-rotation.ts'
import { LiveKeys } from './live-keys.ts'
import { rotatedRing, widenedRing } from './rotated-ring.ts'

const SENTENCE = 'which this process lacks; give every process of the site the same key ring'

describe.each(engines)('the keys of a running process on %s', (engine) => {
  let provider: Provider
  let told: string[]
  let own: LiveKeys
  let rotation: KeyRotation

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  beforeEach(async () => {
    told = []
    own = await process(await loadKeys({ keys: undefined, dataFolder: provider.folder }))
    rotation = new KeyRotation({ ...provider, keys: own, onNotice: (sentence) => void told.push(sentence) })
  })

  /** Keys of one process more, which has told the database of them. */
  async function process(ring: Awaited<ReturnType<typeof loadKeys>>): Promise<LiveKeys> {
    const keys = new LiveKeys({ ...provider, ring, onNotice: (sentence) => void told.push(sentence) })
    await keys.record()
    return keys
  }
  /** One that was given the ring of now, and no file. */
  const fixed = async (): Promise<LiveKeys> =>
    process(await loadKeys({ keys: await readFile(file(), 'utf8'), dataFolder: provider.folder }))
  const file = (): string => join(provider.folder, 'keys.json')
  const rows = () => readKeyRows(provider.database.connection)
  const kidsOf = ({ signing, secrets }: KeyRing): string[] => [...signing, ...secrets].map(({ kid, state }) => `${kid} ${state}`)
  const trail = () => provider.trail.latest({}, 20)

  it('stand in the database with their states, since when, and their public parts alone', async () => {
    const stored = new Map((await rows()).map((row) => [row.kid, row]))
    expect([...stored.keys()].toSorted()).toEqual([...own.signing, ...own.secrets].map(({ kid }) => kid).toSorted())
    for (const key of own.signing) {
      expect(stored.get(key.kid)).toMatchObject({ use: 'signing', state: key.state, changed: key.since })
      expect(JSON.parse(stored.get(key.kid)?.public_jwk ?? '')).toEqual(key.publicJwk)
    }
    for (const key of own.secrets)
      expect(stored.get(key.kid)).toMatchObject({ use: 'rotation', state: key.state, public_jwk: null, changed: key.since })
  })

  it('are listed without what is secret, and without a time while nobody knows it', async () => {
    const [current] = own.signing
    expect(rotation.list()[0]).toEqual({ kid: current?.kid, alg: 'ES256', state: 'current', since: current?.since })
    expect(rotation.listSecret()[0]).toEqual({ kid: own.secrets[0].kid, state: 'current', since: own.secrets[0].since })
    const unasked = new LiveKeys({
      ...provider,
      ring: await loadKeys({ keys: undefined, dataFolder: provider.folder }),
      onNotice: () => {},
    })
    const listed = new KeyRotation({ ...provider, keys: unasked, onNotice: () => {} })
    expect(listed.list()[0]).toStrictEqual({ kid: current?.kid, alg: 'ES256', state: 'current' })
    expect(listed.listSecret()[0]).toStrictEqual({ kid: own.secrets[0].kid, state: 'current' })
  })

  it('keep the time of their state as long as it is the same', async () => {
    const before = await rows()
    provider.advance(60)
    await recordKeys(provider.database.connection, own, provider.now())
    expect(await rows()).toEqual(before)
    provider.advance(60)
    const ring = await parseKeyRing(rotatedRing(own, provider.now()).text, 'here')
    const now = provider.now()
    await provider.database
      .transaction(async (connection) => {
        await recordKeys(connection, ring, now)
        const changed = (await readKeyRows(connection)).filter((row) => row.changed === now)
        expect(changed.map(({ state }) => state).toSorted()).toEqual(['current', 'next', 'retired'])
        throw new Error('taken back')
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: 'taken back' }))
    expect(await rows()).toEqual(before)
  })

  it('are changed with a row in the trail: who, and which keys there are then', async () => {
    provider.advance(11 * 60)
    const generation = await provider.generation.read()
    const { tookOver, keys } = await rotation.rotate({ user: 'Administrator' })
    expect([tookOver, keys]).toEqual([true, rotation.list()])
    expect(await provider.generation.read()).toBeGreaterThan(generation)
    const [entry] = await trail()
    expect(entry).toMatchObject({ event: 'oauth.keys.rotated', user: 'Administrator' })
    expect((entry!.detail as { keys: string[] }).keys.toSorted()).toEqual(kidsOf(await readRing(file())).toSorted())
    provider.advance(11 * 60)
    const secret = await rotation.rotateSecret({ user: 'Administrator' })
    expect([secret.tookOver, secret.keys]).toEqual([true, rotation.listSecret()])
    expect((await trail())[0]).toMatchObject({ event: 'oauth.keys.secret_rotated', user: 'Administrator' })
    const retired = own.secrets.find(({ state }) => state === 'retired')!
    await rotation.removeSecret(retired.kid, 'Administrator')
    expect((await trail())[0]).toMatchObject({ event: 'oauth.keys.removed', user: 'Administrator' })
    expect(own.secrets.map(({ kid }) => kid)).not.toContain(retired.kid)
    expect(told).toEqual([])
  })

  it('are changed by early wish alone before they are known everywhere, and the time is told', async () => {
    await rotation.rotate({ early: true })
    const next = own.signing.find(({ state }) => state === 'next')!
    const at = new Date(next.since! / 1000 + 600_000).toISOString()
    await expect(rotation.rotate()).rejects.toThrow(
      new Error(
        `The next key has not been published for long enough: verifiers may not know it before ${at}. Wait until then, or rotate early when the current key has leaked`,
      ),
    )
    await rotation.rotateSecret({ early: true })
    const secret = own.secrets.find(({ state }) => state === 'next')!
    await expect(rotation.rotateSecret()).rejects.toThrow(
      new Error(
        `The next secret key has not been known for long enough: a process of the site may lack it before ${new Date(secret.since! / 1000 + 600_000).toISOString()}. Wait until then, or rotate early when the current key has leaked`,
      ),
    )
  })

  it('that another process wrote and did not record are recorded first, with a row in the trail', async () => {
    const text = rotatedRing(own, provider.now()).text
    await writeFile(file(), text)
    await expect(rotation.rotate()).rejects.toThrow('has not been published for long enough')
    expect((await trail())[0]).toMatchObject({ event: 'oauth.keys.completed', user: null })
    expect(kidsOf(own).toSorted()).toEqual(kidsOf(await parseKeyRing(text, 'here')).toSorted())
    const before = (await trail())[0]?.id
    await expect(rotation.rotate()).rejects.toThrow('has not been published for long enough')
    expect((await trail())[0]?.id).toBe(before)
  })

  it('are followed: new ones from the file, their states from the database', async () => {
    const other = await process(await loadKeys({ keys: undefined, dataFolder: provider.folder }))
    await rotation.rotate({ early: true })
    await rotation.rotateSecret({ early: true })
    expect(kidsOf(other)).not.toEqual(kidsOf(own))
    await other.follow()
    expect(kidsOf(other)).toEqual(kidsOf(own))
    expect(other.signing.map(({ since }) => since)).toEqual(own.signing.map(({ since }) => since))
    expect(told).toEqual([])
  })

  it('that lack the next one are told of, once for each; those that lack the current one stop', async () => {
    const behind = await fixed()
    await rotation.rotate({ early: true })
    await rotation.rotateSecret({ early: true })
    for (const _ of [1, 2]) await behind.follow()
    const nexts = [...own.signing, ...own.secrets].filter(({ state }) => state === 'next').map(({ kid }) => kid)
    const sentences = nexts.map(
      (kid) =>
        `ANNEX_KEYS: the key ${kid} is the site's next one and this process lacks it; give it the new key ring before that key is used, or it will stop then`,
    )
    expect(told.toSorted()).toEqual(sentences.toSorted())
    await rotation.rotate({ early: true })
    const current = own.signing.find(({ state }) => state === 'current')!
    await expect(behind.follow()).rejects.toThrow(new Error(`ANNEX_KEYS: this site uses the key ${current.kid}, ${SENTENCE}`))
    await expect(behind.record()).rejects.toThrow(/^ANNEX_KEYS: this site uses the key \S+, which this process lacks/)
  })

  it('that lack one that a value is sealed with say so once', () => {
    for (const kid of ['k'.repeat(60), 'k'.repeat(60), 'other']) own.noteLacking(kid)
    const rest = 'which this process lacks; put it back into the key ring and start the process again'
    expect(told).toEqual([
      `ANNEX_KEYS: a value is sealed with the key ${'k'.repeat(40)}, ${rest}`,
      `ANNEX_KEYS: a value is sealed with the key other, ${rest}`,
    ])
  })

  it('cannot be changed where they stand in the setting', async () => {
    const given = new KeyRotation({ ...provider, keys: await fixed(), onNotice: (sentence) => void told.push(sentence) })
    const sentence = 'ANNEX_KEYS holds the key ring itself, which this site cannot write; change it there, the same for every process'
    for (const act of [
      () => given.rotate({ early: true }),
      () => given.rotateSecret({ early: true }),
      () => given.add('RS256'),
      () => given.removeSecret('x'),
    ])
      await expect(act()).rejects.toThrow(new Error(sentence))
  })

  describe('by the age that the settings say', () => {
    const DAY = 86_400
    const current = (): string | undefined => own.signing.find(({ state }) => state === 'current')?.kid
    const next = (): string | undefined => own.signing.find(({ state }) => state === 'next')?.kid

    it('change when they are older than that, and not before', async () => {
      await rotation.rotate({ early: true })
      const [first, second] = [current(), next()]
      provider.advance(90 * DAY - 60)
      await rotation.rotateWhenDue()
      expect(current()).toBe(first)
      provider.advance(120)
      await rotation.rotateWhenDue()
      expect([current(), (await trail())[0]?.event, (await trail())[0]?.user]).toEqual([second, 'oauth.keys.rotated', null])
      await rotation.rotateWhenDue()
      expect(current()).toBe(second)
    })

    it('are as old as the current one, whatever was retired before it', async () => {
      await rotation.rotate({ early: true })
      provider.advance(20 * DAY)
      await rotation.rotate({ early: true })
      const first = current()
      provider.advance(75 * DAY)
      await rotation.rotateWhenDue()
      expect(current()).toBe(first)
    })

    it('wait for the next one to be known, and are not told of', async () => {
      provider.advance(91 * DAY)
      const ring = await readRing(file())
      const signing = ring.signing.filter(({ state }) => state !== 'next')
      await writeFile(file(), rotatedRing({ ...ring, signing }, provider.now()).text)
      await provider.database.connection
        .withTables<{ signing_key: { state: string } }>()
        .deleteFrom('signing_key')
        .where('state', '=', 'next')
        .execute()
      const before = current()
      await rotation.rotateWhenDue()
      expect([current(), told]).toEqual([before, []])
      provider.advance(11 * 60)
      await rotation.rotateWhenDue()
      expect(current()).not.toBe(before)
    })

    it('are told of where they stand in the setting, or cannot be written; a ring that says nonsense is a fault', async () => {
      const given = await fixed()
      await new KeyRotation({ ...provider, keys: given, onNotice: (sentence) => void told.push(sentence) }).rotateWhenDue()
      expect(told).toEqual([])
      provider.advance(91 * DAY)
      const remedy = 'The signing key is older than 90 days (OAuth Settings, Signing Key Days)'
      await new KeyRotation({ ...provider, keys: given, onNotice: (sentence) => void told.push(sentence) }).rotateWhenDue()
      expect(told).toEqual([`${remedy}; ANNEX_KEYS holds the ring itself, so change it there`])
      const text = await readFile(file(), 'utf8')
      const gone = new LiveKeys({
        ...provider,
        ring: { signing: own.signing, secrets: own.secrets, file: '/nowhere/keys.json' },
        onNotice: () => {},
      })
      await new KeyRotation({ ...provider, keys: gone, onNotice: (sentence) => void told.push(sentence) }).rotateWhenDue()
      expect(told[1]).toBe(`${remedy}. ANNEX_KEYS: the key file /nowhere/keys.json cannot be read (ENOENT)`)
      await writeFile(file(), '{}')
      await expect(rotation.rotateWhenDue()).rejects.toThrow('must be JSON with the lists')
      await writeFile(file(), text)
      expect(told).toHaveLength(2)
    })
  })

  it('have RSA ones beside the others when they are asked for, once', async () => {
    const listed = await rotation.add('RS256', 'Administrator')
    expect(listed).toEqual(rotation.list())
    expect(listed.filter(({ alg }) => alg === 'RS256').map(({ state }) => state)).toEqual(['current', 'next'])
    expect((await trail())[0]).toMatchObject({ event: 'oauth.keys.added', user: 'Administrator' })
    for (const alg of ['RS256', 'ES256'] as const)
      await expect(rotation.add(alg)).rejects.toThrow(new Error(`The key ring has keys for ${alg} already; annex keys list shows them`))
  })

  it('have RSA ones again where all that they had were retired by hand', async () => {
    const ring = await readRing(file())
    const signing = ring.signing.map((key) => (key.alg === 'RS256' ? { ...key, state: 'retired' as const } : key))
    await writeFile(file(), writeKeyRing({ ...ring, signing }))
    const keys = await process(await loadKeys({ keys: undefined, dataFolder: provider.folder }))
    const again = new KeyRotation({ ...provider, keys, onNotice: (sentence) => void told.push(sentence) })
    const states = (listed: readonly { alg: string; state: string }[]): string[] =>
      listed.filter(({ alg }) => alg === 'RS256').map(({ state }) => state)
    expect(states(again.list())).toEqual(['retired', 'retired'])
    expect(states(await again.add('RS256'))).toEqual(['retired', 'retired', 'current', 'next'])
  })

  it('of another ring are none of this site, until those that sign are forgotten after a restore', async () => {
    const foreign = await parseKeyRing(widenedRing(await parseKeyRing(makeKeyRing(), 'here'), 'RS256'), 'here')
    const { connection } = provider.database
    await expect(recordKeys(connection, foreign, 1)).rejects.toThrow(SENTENCE)
    await provider.database
      .transaction(async (inside) => {
        await forgetSigningKeys(inside)
        expect(new Set((await readKeyRows(inside)).map(({ use }) => use))).toEqual(new Set(['rotation']))
        await recordKeys(inside, { signing: foreign.signing, secrets: own.secrets }, 1)
        throw new Error('taken back')
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: 'taken back' }))
  })
})
