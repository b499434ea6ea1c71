import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Connection } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { SecretPlace } from '../../../doctypes/tables/sealed-value-store.ts'
import type { Sealer } from '../../../documents/secrets/sealer.ts'
import type { KeyRing, SecretKey } from '../key-ring.ts'

const CIPHER = 'aes-256-gcm'
const [IV, TAG] = [12, 16]
/** The ring's keys have another use too; what is derived for this one tells nothing of the other. */
const PURPOSE = 'annex: values of Password fields'
/** What texts begin with that are bound to their site. Those before had none of it, and the point is no letter of base64url. */
export const BOUND = '2.'

export interface ValueSealerParts {
  /** Its first key seals, every one of it opens what was sealed with it. */
  readonly ring: Pick<KeyRing, 'secrets'>
  /** The id of the site that the database holds. */
  readonly siteOf: (connection: Connection) => Promise<string>
  /** Told of a key that a value needs and the ring lacks. */
  readonly onLacking?: (keyId: string) => void
}

/** Seals with keys derived from those that the ring has at the moment. */
export function valueSealer({ ring, siteOf, onLacking }: ValueSealerParts): Sealer {
  const keyOf = (keyId: string, place: SecretPlace): Buffer => {
    const key = ring.secrets.find(({ kid }) => kid === keyId)
    if (key) return derived(key)
    onLacking?.(keyId)
    throw unopened(place, `with the key ${keyId.slice(0, 40)}, which this site's key ring lacks; put it back, or write the value anew`)
  }
  return {
    seal: async (connection, secret, place) => {
      const [iv, { kid }] = [randomBytes(IV), ring.secrets[0]]
      const cipher = createCipheriv(CIPHER, keyOf(kid, place), iv, { authTagLength: TAG })
      cipher.setAAD(boundTo(kid, place, await siteOf(connection)))
      const bytes = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return { keyId: kid, text: BOUND + Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url') }
    },
    open: async (connection, { keyId, text }, place) => {
      const key = keyOf(keyId, place)
      const isBound = text.startsWith(BOUND)
      const bound = isBound ? boundTo(keyId, place, await siteOf(connection)) : boundTo(keyId, place)
      const bytes = Buffer.from(isBound ? text.slice(BOUND.length) : text, 'base64url')
      try {
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV), { authTagLength: TAG })
        decipher.setAAD(bound).setAuthTag(bytes.subarray(IV, IV + TAG))
        return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]).toString('utf8')
      } catch {
        throw unopened(place, 'for another place, or was altered; write the value anew')
      }
    },
  }
}

const known = new WeakMap<SecretKey['key'], Buffer>()

function derived({ key }: SecretKey): Buffer {
  const found = known.get(key) ?? Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32))
  known.set(key, found)
  return found
}

const boundTo = (keyId: string, { doctype, name, fieldname }: SecretPlace, ...site: [string?]): Buffer =>
  Buffer.from(JSON.stringify([keyId, doctype, name, fieldname, ...site]))

const unopened = ({ doctype, name, fieldname }: SecretPlace, what: string): Error =>
  invalid(`${fieldname} of ${doctype} ${name.slice(0, 140)} was sealed ${what}`)
