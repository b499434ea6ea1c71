import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { invalid } from '@annex/protocol'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import type { KeyRing } from './key-ring.ts'

const CIPHER = 'aes-256-gcm'
const [IV, TAG] = [12, 16]
/** The ring's keys have another use too; what is derived for this one tells nothing of the other. */
const PURPOSE = 'annex: values of Password fields'

/** Seals with keys derived from the ring: its first key seals, every one of it opens what was sealed with it. */
export function valueSealer({ rotation }: Pick<KeyRing, 'rotation'>): Sealer {
  const keys = new Map(rotation.map(({ kid, key }) => [kid, Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32))]))
  const current = rotation[0].kid
  const keyOf = (keyId: string, place: SecretPlace): Buffer => {
    const key = keys.get(keyId)
    if (!key)
      throw unopened(place, `with the key ${keyId.slice(0, 40)}, which this site's key ring lacks; put it back, or write the value anew`)
    return key
  }
  return {
    seal: (secret, place) => {
      const iv = randomBytes(IV)
      const cipher = createCipheriv(CIPHER, keyOf(current, place), iv, { authTagLength: TAG }).setAAD(boundTo(current, place))
      const bytes = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return { keyId: current, text: Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url') }
    },
    open: ({ keyId, text }, place) => {
      const key = keyOf(keyId, place)
      const bytes = Buffer.from(text, 'base64url')
      try {
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV), { authTagLength: TAG })
        decipher.setAAD(boundTo(keyId, place)).setAuthTag(bytes.subarray(IV, IV + TAG))
        return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]).toString('utf8')
      } catch {
        throw unopened(place, 'for another place, or was altered; write the value anew')
      }
    },
  }
}

const boundTo = (keyId: string, { doctype, name, fieldname }: SecretPlace): Buffer =>
  Buffer.from(JSON.stringify([keyId, doctype, name, fieldname]))

const unopened = ({ doctype, name, fieldname }: SecretPlace, what: string): Error =>
  invalid(`${fieldname} of ${doctype} ${name.slice(0, 140)} was sealed ${what}`)
