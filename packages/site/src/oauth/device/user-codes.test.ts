import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'
import { clientOf } from '../testing/client.fixture.ts'
import { requireDeviceClient } from './device-clients.ts'
import { makeUserCode, readUserCode, userCodeHash, userCodeHashes } from './user-codes.ts'

const key = (version: string): SecretKey => ({ kid: version, version, state: 'current', key: Buffer.alloc(32, version) })
const ring: KeyRing = { signing: [], secrets: [key('2'), key('1')] }

describe('The code that a device shows', () => {
  it('is eight letters that make no word, and seldom the same', () => {
    const codes = Array.from({ length: 200 }, makeUserCode)
    for (const code of codes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(new Set(codes).size).toBe(200)
    expect([...new Set(codes.join('').replaceAll('-', ''))].toSorted().join('')).toBe('BCDFGHJKLMNPQRSTVWXZ')
  })

  it.each<[typed: string, code: string | undefined]>([
    ['WDJB-MJHT', 'WDJB-MJHT'],
    [' wdjb.mjht ', 'WDJB-MJHT'],
    ['WDJBMJHT', 'WDJB-MJHT'],
    ['W-D_J B/M\tJ\nH–T', 'WDJB-MJHT'],
    ['WDJB-MJH', undefined],
    ['WDJB-MJHTT', undefined],
    ['WDJB-MJHA', undefined],
    ['WDJB-MJH1', undefined],
    ['WDJBMJHT1', undefined],
    ['', undefined],
    [`${' '.repeat(92)}WDJBMJHT`, 'WDJB-MJHT'],
    [`${' '.repeat(93)}WDJBMJHT`, undefined],
  ])('is found in %j as %s', (typed, code) => expect(readUserCode(typed)).toBe(code))

  it('is stored under the key of now, and looked for under the earlier ones too', () => {
    const hash = (version: string): string => createHmac('sha256', Buffer.alloc(32, version)).update('user code|WDJB-MJHT').digest('hex')
    expect(userCodeHash('WDJB-MJHT', ring)).toBe(hash('2'))
    expect(userCodeHashes('WDJB-MJHT', ring)).toEqual([hash('2'), hash('1')])
  })
})

describe('Codes of devices', () => {
  it.each(['native', 'public', 'agent'] as const)('are for an app of the kind %s', (kind) => {
    expect(() => requireDeviceClient(clientOf({ kind }))).not.toThrow()
  })

  it('are for no app of another kind, and for none that registered itself', () => {
    for (const kind of ['web', 'service'] as const)
      expect(() => requireDeviceClient(clientOf({ kind }))).toThrow('An app of the kind native, public or agent alone may use device codes')
    const registered = () => requireDeviceClient(clientOf({ kind: 'native', dynamicallyRegistered: true }))
    expect(registered).toThrow('An app that registered itself may not use device codes; an administrator can register it')
    expect(registered).toThrow(expect.objectContaining({ code: 'unauthorized_client' }) as Error)
  })
})
