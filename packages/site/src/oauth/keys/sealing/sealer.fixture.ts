import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { SecretPlace } from '../../../doctypes/tables/sealed-value-store.ts'
import { readSiteId } from '../../../doctypes/tables/site-id-store.ts'
import type { Sealed, Sealer } from '../../../documents/secrets/sealer.ts'
import type { SecretKey } from '../key-ring.ts'
import { valueSealer } from './value-sealer.ts'

/** Seals with a key that nobody has but this process. */
export const testSealer = (): Sealer =>
  valueSealer({ ring: { secrets: [{ kid: 'a-test-key', version: '1', state: 'current', key: randomBytes(32) }] }, siteOf: readSiteId })

/** As releases sealed that knew no site: the bytes of their text, so that what they wrote is read for ever. */
export function sealedBefore({ kid, key }: Pick<SecretKey, 'kid' | 'key'>, secret: string, place: SecretPlace): Sealed {
  const iv = randomBytes(12)
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'annex: values of Password fields', 32))
  const cipher = createCipheriv('aes-256-gcm', derived, iv, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(JSON.stringify([kid, place.doctype, place.name, place.fieldname])))
  const bytes = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return { keyId: kid, text: Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url') }
}
