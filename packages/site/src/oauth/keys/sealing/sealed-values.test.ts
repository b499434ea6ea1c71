import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { Chain } from '../../../audit/chain/chain.ts'
import { exchangeSealed, listOutdated } from '../../../doctypes/tables/sealed-table-store.ts'
import { writeSealedValue } from '../../../doctypes/tables/sealed-value-store.ts'
import { readSiteId } from '../../../doctypes/tables/site-id-store.ts'
import { PASSWORD_VALUES } from '../../../documents/secrets/password-values.ts'
import type { Sealer } from '../../../documents/secrets/sealer.ts'
import { readSecret } from '../../../documents/secrets/secrets.ts'
import { SecondFactors } from '../../../identity/factor/second-factors.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { person, register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { auditSigner } from '../audit-signer.ts'
import { makeKeyRing, parseKeyRing, type KeyRing } from '../key-ring.ts'
import { sealedBefore } from './sealer.fixture.ts'
import { SealedValues } from './sealed-values.ts'
import { BOUND, valueSealer } from './value-sealer.ts'

const MAILBOX = {
  name: 'Mailbox',
  module: 'Mail',
  custom: 1,
  autoname: 'field:title',
  fields: [
    { fieldname: 'title', fieldtype: 'Data', label: 'Title' },
    { fieldname: 'pwd', fieldtype: 'Password', label: 'Password' },
  ],
  permissions: [{ role: 'System Manager' }],
}
const SESSION = 'hash of a session'
const EVENT_URI = 'https://app.example.com/events'

describe.each(engines)('the sealed values of a site on %s', (engine) => {
  let provider: Provider
  let client: string
  let user: string
  let enrolled: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(ADMINISTRATOR, 'DocType', [MAILBOX])
    for (const title of ['one', 'two', 'three']) await write(title, `secret of ${title}`)
    client = (await register(provider, { event_uri: EVENT_URI })).id
    user = await person(provider)
    enrolled = (await factors().enrol(user, 'Site', SESSION)).secret
    provider.advance(11 * 60)
  })
  afterAll(() => provider.close())

  const factors = (): SecondFactors => new SecondFactors(provider)
  const write = (title: string, pwd: string) => provider.documents.insert(ADMINISTRATOR, 'Mailbox', [{ title, pwd }])
  const change = (name: string, pwd: string) => provider.documents.update(ADMINISTRATOR, { doctype: 'Mailbox', name, values: { pwd } })
  const placeOf = (name: string) => ({ doctype: 'Mailbox', name, fieldname: 'pwd' })
  const read = (name: string): Promise<string | undefined> =>
    readSecret(provider.documents.premises, provider.database.connection, placeOf(name))
  const values = () => provider.oauth.sealedValues
  const counts = async (): Promise<number[]> => (await values().reseal()).kinds.map((kind) => kind.values)
  const usesOf = async (kid: string): Promise<readonly string[] | undefined> =>
    (await values().uses()).keys.find((key) => key.kid === kid)?.uses
  const current = () => provider.ring.secrets[0]
  /** The current key before and after. */
  async function rotate(): Promise<[before: string, after: string]> {
    const before = current().kid
    await provider.oauth.keys.rotateSecret({ early: true })
    return [before, current().kid]
  }

  it('hang on the key that was current when they were written, until they are sealed anew', async () => {
    const secret = await provider.telling.eventSecrets.read(client)
    const [old, next] = await rotate()
    expect(await usesOf(old)).toEqual([
      'Password fields: 3',
      'second factors: 1',
      'event secrets: 1',
      'what was answered within the last hour',
    ])
    expect(await usesOf(next)).toEqual([])
    await write('late', 'a late one')
    expect(await values().reseal('Administrator')).toEqual({
      keyId: next,
      kinds: [
        { kind: 'Password fields', values: 3 },
        { kind: 'second factors', values: 1 },
        { kind: 'event secrets', values: 1 },
      ],
      unopened: [],
    })
    provider.advance(3601)
    expect([await usesOf(old), await usesOf(next)]).toEqual([[], ['Password fields: 4', 'second factors: 1', 'event secrets: 1']])
    expect(await Promise.all(['one', 'two', 'three', 'late'].map(read))).toEqual([
      'secret of one',
      'secret of two',
      'secret of three',
      'a late one',
    ])
    expect(await provider.telling.eventSecrets.read(client)).toEqual(secret)
    expect(await factors().enrolment(user, 'Site', SESSION)).toMatchObject({ secret: enrolled })
    expect(await counts()).toEqual([0, 0, 0])
  })

  it('of an earlier release are bound to this site', async () => {
    const { keyId, text } = sealedBefore(current(), 'of old', placeOf('one'))
    await writeSealedValue(provider.database.connection, { ...placeOf('one'), key_id: keyId, sealed: text })
    expect((await values().uses()).unbound).toBe(1)
    expect(await read('one')).toBe('of old')
    expect(await counts()).toEqual([1, 0, 0])
    expect([(await values().uses()).unbound, await read('one')]).toEqual([0, 'of old'])
  })

  it('of an earlier release are bound to this site by itself, once, and the others are left as they are', async () => {
    const { connection } = provider.database
    const leave = async (name: string, place = placeOf(name)): Promise<void> => {
      const { keyId, text } = sealedBefore(current(), `${name} of old`, place)
      await writeSealedValue(connection, { ...placeOf(name), key_id: keyId, sealed: text })
    }
    const unbound = async (): Promise<number> => (await values().uses()).unbound
    const [old] = await rotate()
    const other = await usesOf(old)
    const bound = new SealedValues({ ...provider, keys: provider.oauth.keys, onNotice: (sentence) => void provider.notices.push(sentence) })
    await leave('one')
    await leave('two', placeOf('elsewhere'))
    const told = async (): Promise<unknown[]> =>
      (await provider.trail.latest({ event: 'oauth.keys.resealed' }, 50)).map(({ user: by, detail }) => ({ by, ...(detail as object) }))
    const before = await told()
    await bound.bindOlder(() => true)
    expect([await unbound(), await told()]).toEqual([2, before])
    await bound.bindOlder(() => false)
    expect([await unbound(), await read('one')]).toEqual([1, 'one of old'])
    expect(await told()).toEqual([
      {
        by: null,
        key: current().kid,
        kinds: [
          { kind: 'Password fields', values: 1 },
          { kind: 'second factors', values: 0 },
          { kind: 'event secrets', values: 0 },
        ],
        unopened: 1,
      },
      ...before,
    ])
    expect(provider.notices).toContain('1 sealed value of an earlier release cannot be opened; annex keys reseal tells which')
    expect((await usesOf(old))?.some((use) => other?.includes(use))).toBe(true)
    await leave('one')
    await bound.bindOlder(() => false)
    expect(await unbound()).toBe(2)
    await change('two', 'of today')
    await provider.oauth.tidy()
    expect([await unbound(), await read('one')]).toEqual([0, 'one of old'])
    const [noted, notices] = [await told(), [...provider.notices]]
    await new SealedValues({
      ...provider,
      keys: provider.oauth.keys,
      onNotice: (sentence) => void provider.notices.push(sentence),
    }).bindOlder(() => false)
    expect([await told(), provider.notices]).toEqual([noted, notices])
    await values().reseal('Administrator')
    expect((await told())[0]).toMatchObject({ by: 'Administrator', key: current().kid, unopened: 0 })
  })

  it('that another process writes meanwhile with the key of before are sealed anew as well', async () => {
    const { connection } = provider.database
    const behind = valueSealer({ ring: { secrets: [current()] }, siteOf: readSiteId })
    const [old] = await rotate()
    let written = false
    const meanwhile: Sealer = {
      ...provider.sealer,
      open: async (within, sealed, place) => {
        const opened = await provider.sealer.open(within, sealed, place)
        if (!written && place.name === 'one') {
          written = true
          const { keyId, text } = await behind.seal(within, 'by a process that is behind', place)
          await writeSealedValue(within, { ...placeOf('one'), key_id: keyId, sealed: text })
        }
        return opened
      },
    }
    const sealing = new SealedValues({ ...provider, keys: provider.oauth.keys, sealer: meanwhile, onNotice: () => undefined })
    expect((await sealing.reseal()).kinds.map((kind) => kind.values)).toEqual([4, 1, 1])
    expect([written, await read('one')]).toEqual([true, 'by a process that is behind'])
    expect(await listOutdated(connection, PASSWORD_VALUES, { keyId: current().kid, start: BOUND }, undefined, 10)).toEqual([])
    expect(await usesOf(old)).toEqual(['what was answered within the last hour'])
  })

  it('that somebody writes meanwhile stay as they were written', async () => {
    const { connection } = provider.database
    await rotate()
    const [row] = await listOutdated(connection, PASSWORD_VALUES, { keyId: current().kid, start: BOUND }, undefined, 1)
    await change(row!.place.name, 'written meanwhile')
    const stale = await provider.sealer.seal(connection, 'stale', row!.place)
    expect(await exchangeSealed(connection, PASSWORD_VALUES, row!, stale)).toBe(false)
    expect(await read(row!.place.name)).toBe('written meanwhile')
    const names = Array.from({ length: 250 }, (_, index) => `box ${String(index).padStart(3, '0')}`)
    await provider.documents.insert(
      ADMINISTRATOR,
      'Mailbox',
      names.map((title) => ({ title, pwd: `first of ${title}` })),
    )
    const [old] = await rotate()
    await Promise.all([values().reseal(), values().reseal(), ...names.slice(100, 160).map((name) => change(name, `last of ${name}`))])
    expect(await Promise.all(names.map(read))).toEqual(
      names.map((name, index) => `${index >= 100 && index < 160 ? 'last' : 'first'} of ${name}`),
    )
    expect(await usesOf(old)).toEqual(['what was answered within the last hour'])
  })

  it('are sealed anew by the next run, where one was interrupted', async () => {
    const [old] = await rotate()
    let opened = 0
    const failing: Sealer = {
      ...provider.sealer,
      open: async (connection, sealed, place) => {
        opened += 1
        if (opened > 150) throw new Error('the process has ended')
        return provider.sealer.open(connection, sealed, place)
      },
    }
    const interrupted = new SealedValues({ ...provider, keys: provider.oauth.keys, sealer: failing, onNotice: () => undefined })
    await expect(interrupted.reseal()).rejects.toThrow('the process has ended')
    const [left = ''] = (await usesOf(old)) ?? []
    const count = Number(/^Password fields: (\d+)$/.exec(left)?.[1])
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(254)
    expect(await counts()).toEqual([count, 1, 1])
    expect([await usesOf(old), await read('one'), await read('box 249')]).toEqual([
      ['what was answered within the last hour'],
      expect.any(String),
      'first of box 249',
    ])
  })

  it('that cannot be opened are told of and left as they are, and the others are sealed anew', async () => {
    const [old] = await rotate()
    await writeSealedValue(provider.database.connection, { ...placeOf('two'), key_id: old, sealed: `${BOUND}AAAA` })
    await writeSealedValue(provider.database.connection, { ...placeOf('three'), key_id: 'rotation-9-gone', sealed: `${BOUND}AAAA` })
    const resealed = await values().reseal()
    expect(resealed.unopened).toEqual([
      expect.stringMatching(/^pwd of Mailbox three was sealed with the key rotation-9-gone, which this site's key ring lacks/),
      'pwd of Mailbox two was sealed for another place, or was altered; write the value anew',
    ])
    expect(resealed.kinds.map((kind) => kind.values)).toEqual([252, 1, 1])
    const { keys } = await values().uses()
    expect(keys.find(({ state }) => state === 'lacking')).toEqual({
      kid: 'rotation-9-gone',
      state: 'lacking',
      uses: ['Password fields: 1'],
    })
    expect(provider.notices.filter((notice) => notice.includes('rotation-9-gone'))).toEqual([
      'ANNEX_KEYS: a value is sealed with the key rotation-9-gone, which this process lacks; put it back into the key ring and start the process again',
    ])
    await values().reseal()
    expect(provider.notices.filter((notice) => notice.includes('rotation-9-gone'))).toHaveLength(1)
  })

  it('keep their key in the ring as long as one of them hangs on it', async () => {
    await change('two', 'two again')
    await change('three', 'three again')
    const [old, next] = await rotate()
    await expect(values().removeKey(next)).rejects.toThrow(`The key ${next} is current; rotate first`)
    await expect(values().removeKey('rotation-9-gone')).rejects.toThrow('The key ring has no secret key rotation-9-gone')
    await expect(values().removeKey(old)).rejects.toThrow(`The key ${old} is still needed: Password fields: 254, second factors: 1`)
    await values().reseal()
    await expect(values().removeKey(old)).rejects.toThrow('is still needed: what was answered within the last hour;')
    provider.advance(3601)
    await values().removeKey(old)
    expect(provider.ring.secrets.map(({ kid }) => kid)).not.toContain(old)
    await rotate()
    expect(provider.ring.trailKeys?.map(({ kid }) => kid)).toEqual([old])
    expect(await read('two')).toBe('two again')
  })

  it('are listed beside the end of the audit trail, which hangs on the key that signed it, also where the ring lacks that key', async () => {
    const sealTrail = (ring: KeyRing): Promise<number> =>
      new Chain({ ...provider, signer: auditSigner(ring), onFault: (error) => void provider.faults.push(error) }).seal()
    await sealTrail(provider.ring)
    const [old] = await rotate()
    await values().reseal()
    provider.advance(3601)
    expect(await usesOf(old)).toEqual(['the end of the audit trail'])
    await expect(values().removeKey(old)).rejects.toThrow(`The key ${old} is still needed: the end of the audit trail;`)
    const foreign = await parseKeyRing(makeKeyRing(), 'elsewhere')
    expect(await sealTrail(foreign)).toBeGreaterThan(0)
    const { keys } = await values().uses()
    expect(keys.filter(({ state }) => state === 'lacking')).toEqual([
      { kid: foreign.secrets[0].kid, state: 'lacking', uses: ['the end of the audit trail'] },
    ])
    expect(await usesOf(old)).toEqual([])
  })
})
