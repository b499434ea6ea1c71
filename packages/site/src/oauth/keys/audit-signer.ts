import { createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from 'node:crypto'
import type { Signer } from '../../audit/chain/signer.ts'
import type { KeyRing, SecretKey, TrailKey } from './key-ring.ts'

/** The ring's keys have other uses too; what is derived for this one tells nothing of the others. */
const PURPOSE = 'annex: heads of the audit trail'
/** RFC 8410 section 7: what stands before the 32 bytes of an Ed25519 private key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * Signs the heads of the trail (Ed25519) with keys derived from those that the ring has at the moment: its first key signs, every
 * one of it proves, and so do the public halves of those that were taken out. So each site has them that has a ring, and every process of it the same.
 */
export function auditSigner(ring: Pick<KeyRing, 'secrets' | 'trailKeys'>): Signer {
  return {
    sign: (text) => {
      const [current] = ring.secrets
      return { keyId: current.kid, signature: sign(null, Buffer.from(text), keyFrom(current)).toString('base64url') }
    },
    verify: (text, { keyId, signature }) => {
      const key = ring.secrets.find(({ kid }) => kid === keyId)
      const half = ring.trailKeys?.find(({ kid }) => kid === keyId)
      const provingKey = key ? createPublicKey(keyFrom(key)) : half && publicKeyOf(half)
      return provingKey && verify(null, Buffer.from(text), provingKey, Buffer.from(signature, 'base64url'))
    },
  }
}

/** What of a secret key goes on proving the trail when the key itself is gone. */
export function trailKeyOf(secret: SecretKey): TrailKey {
  const { x = '' } = createPublicKey(keyFrom(secret)).export({ format: 'jwk' })
  return { kid: secret.kid, key: x }
}

const publicKeyOf = ({ key }: TrailKey): KeyObject => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })

const known = new WeakMap<SecretKey['key'], KeyObject>()

function keyFrom({ key }: SecretKey): KeyObject {
  const found = known.get(key) ?? derived(key)
  known.set(key, found)
  return found
}

function derived(key: Buffer): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32))
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}
