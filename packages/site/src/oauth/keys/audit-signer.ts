import { createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from 'node:crypto'
import type { Signer } from '../../audit/chain/signer.ts'
import type { KeyRing } from './key-ring.ts'

/** The ring's keys have other uses too; what is derived for this one tells nothing of the others. */
const PURPOSE = 'annex: heads of the audit trail'
/** RFC 8410 section 7: what stands before the 32 bytes of an Ed25519 private key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * Signs the heads of the trail (Ed25519) with keys derived from the ring: its first key signs, every one of it proves. So each
 * site has them that has a ring, and every process of it the same.
 */
export function auditSigner({ rotation }: Pick<KeyRing, 'rotation'>): Signer {
  const keys = new Map(rotation.map(({ kid, key }) => [kid, keyFrom(key)]))
  const current = { keyId: rotation[0].kid, key: keyFrom(rotation[0].key) }
  return {
    sign: (text) => ({ keyId: current.keyId, signature: sign(null, Buffer.from(text), current.key).toString('base64url') }),
    verify: (text, { keyId, signature }) => {
      const key = keys.get(keyId)
      return key && verify(null, Buffer.from(text), createPublicKey(key), Buffer.from(signature, 'base64url'))
    },
  }
}

function keyFrom(key: Buffer): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32))
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}
