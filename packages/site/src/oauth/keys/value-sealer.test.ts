import { describe, expect, it } from 'vitest'
import { makeKeyRing, parseKeyRing } from './key-ring.ts'
import { valueSealer } from './value-sealer.ts'

const PLACE = { doctype: 'Account', name: 'A', fieldname: 'pwd' }
const ring = () => parseKeyRing(makeKeyRing(), 'x')

describe('A sealed value', () => {
  it('opens again, and is another text each time', async () => {
    const sealer = valueSealer(await ring())
    for (const secret of ['x', 'Grüße 👋', 'a'.repeat(5000)]) {
      const [one, other] = [sealer.seal(secret, PLACE), sealer.seal(secret, PLACE)]
      expect(one.text).not.toBe(other.text)
      expect([sealer.open(one, PLACE), sealer.open(other, PLACE)]).toEqual([secret, secret])
      // One letter is in random bytes by chance.
      if (secret.length > 1) expect(Buffer.from(one.text, 'base64url').includes(secret)).toBe(false)
    }
  })

  it('opens in no other place, and not when it was altered or cut', async () => {
    const sealer = valueSealer(await ring())
    const sealed = sealer.seal('secret', PLACE)
    for (const elsewhere of [{ doctype: 'Other' }, { name: 'B' }, { fieldname: 'pin' }])
      expect(() => sealer.open(sealed, { ...PLACE, ...elsewhere })).toThrow('for another place, or was altered')
    for (const text of ['', sealed.text.slice(0, 20), `${sealed.text.slice(0, -2)}AA`, `A${sealed.text.slice(1)}`].filter(
      (altered) => altered !== sealed.text,
    ))
      expect(() => sealer.open({ ...sealed, text }, PLACE)).toThrow('for another place, or was altered')
  })

  it('opens with the key that sealed it as long as the ring has it, whichever seals now', async () => {
    const [old, next] = [await ring(), await ring()]
    const sealed = valueSealer(old).seal('secret', PLACE)
    const both = valueSealer({ rotation: [next.rotation[0], old.rotation[0]] })
    expect(both.open(sealed, PLACE)).toBe('secret')
    expect(both.seal('secret', PLACE).keyId).toBe(next.rotation[0].kid)
    expect(() => valueSealer(next).open(sealed, PLACE)).toThrow(`with the key ${old.rotation[0].kid}`)
  })
})
