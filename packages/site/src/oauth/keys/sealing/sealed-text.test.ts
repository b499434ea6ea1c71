import { createDecipheriv, hkdfSync } from 'node:crypto'
import type { Connection } from '@annex/database'
import { describe, expect, it } from 'vitest'
import type { Sealer } from '../../../documents/secrets/sealer.ts'
import { makeKeyRing, parseKeyRing, type KeyRing } from '../key-ring.ts'
import { valueSealer } from './value-sealer.ts'

const PLACE = { doctype: 'Account', name: 'A', fieldname: 'pwd' }
/** The site's id is known without one. */
const NOWHERE = undefined as unknown as Connection
const newRing = (): Promise<KeyRing> => parseKeyRing(makeKeyRing(), 'x')
const sealerOf = (ring: Pick<KeyRing, 'secrets'>): Sealer => valueSealer({ ring, siteOf: async () => 'this site' })

describe('The text of a sealed value', () => {
  it('is twelve random bytes, sixteen that prove it, and the value, by a key that can be derived in years too', async () => {
    const ring = await newRing()
    const { keyId, text } = await sealerOf(ring).seal(NOWHERE, 'secret', PLACE)
    expect([keyId, text.slice(0, 2)]).toEqual([ring.secrets[0].kid, '2.'])
    const bytes = Buffer.from(text.slice(2), 'base64url')
    expect(bytes).toHaveLength(12 + 16 + 6)
    const key = Buffer.from(hkdfSync('sha256', ring.secrets[0].key, '', 'annex: values of Password fields', 32))
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(JSON.stringify([keyId, 'Account', 'A', 'pwd', 'this site']))).setAuthTag(bytes.subarray(12, 28))
    expect(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString()).toBe('secret')
  })

  it('may be of nothing, and opens by another sealer of the same ring', async () => {
    const ring = await newRing()
    for (const secret of ['', 'Grüße'])
      expect(await sealerOf(ring).open(NOWHERE, await sealerOf({ ...ring }).seal(NOWHERE, secret, PLACE), PLACE)).toBe(secret)
  })

  it('that cannot be opened says which value it is, and what to do', async () => {
    const [own, other] = [await newRing(), await newRing()]
    const sealed = await sealerOf(own).seal(NOWHERE, 'secret', PLACE)
    const rest = "which this site's key ring lacks; put it back, or write the value anew"
    const fault = (message: string): object => ({ excType: 'ValidationError', message })
    await expect(sealerOf(other).open(NOWHERE, sealed, PLACE)).rejects.toMatchObject(
      fault(`pwd of Account A was sealed with the key ${own.secrets[0].kid}, ${rest}`),
    )
    await expect(
      sealerOf(other).open(NOWHERE, { ...sealed, keyId: 'k'.repeat(60) }, { ...PLACE, name: 'n'.repeat(200) }),
    ).rejects.toMatchObject(fault(`pwd of Account ${'n'.repeat(140)} was sealed with the key ${'k'.repeat(40)}, ${rest}`))
    await expect(sealerOf(own).open(NOWHERE, { ...sealed, text: '2.' }, PLACE)).rejects.toMatchObject(
      fault('pwd of Account A was sealed for another place, or was altered; write the value anew'),
    )
  })

  it('is made with the key that is current at the moment', async () => {
    const ring: { secrets: KeyRing['secrets'] } = await newRing()
    const sealer = sealerOf(ring)
    const before = await sealer.seal(NOWHERE, 'secret', PLACE)
    const [first, second] = ring.secrets
    ring.secrets = [second!, first]
    expect((await sealer.seal(NOWHERE, 'secret', PLACE)).keyId).toBe(second?.kid)
    expect(await sealer.open(NOWHERE, before, PLACE)).toBe('secret')
  })
})
