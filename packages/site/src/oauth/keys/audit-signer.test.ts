import { createPrivateKey, createPublicKey, hkdfSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { auditSigner, trailKeyOf } from './audit-signer.ts'
import { makeKeyRing, parseKeyRing } from './key-ring.ts'

const ring = () => parseKeyRing(makeKeyRing(), 'here')

describe('A head of the trail', () => {
  it('is signed by the first key of the ring, the same in every process', async () => {
    const own = await ring()
    const [one, other] = [auditSigner(own), auditSigner(own)]
    const signature = one.sign('head')
    expect(signature).toEqual({ keyId: own.secrets[0].kid, signature: expect.stringMatching(/^[A-Za-z0-9_-]{86}$/) as string })
    expect(other.sign('head')).toEqual(signature)
    expect(other.verify('head', signature)).toBe(true)
  })

  it('is not proven when it, its signature or the ring is another', async () => {
    const [own, foreign] = [await ring(), await ring()]
    const signer = auditSigner(own)
    const signature = signer.sign('head')
    expect(signer.verify('head!', signature)).toBe(false)
    expect(signer.verify('head', { ...signature, signature: signer.sign('other').signature })).toBe(false)
    expect(signer.verify('head', { ...signature, signature: '' })).toBe(false)
    expect(auditSigner(foreign).verify('head', signature)).toBeUndefined()
    const claimed = { ...foreign.secrets[0], kid: own.secrets[0].kid }
    expect(auditSigner({ secrets: [claimed] }).verify('head', signature)).toBe(false)
  })

  it('is proven by a key that the ring still has, whichever signs now', async () => {
    const [old, next] = [await ring(), await ring()]
    const both = auditSigner({ secrets: [next.secrets[0], old.secrets[0]] })
    expect(both.verify('head', auditSigner(old).sign('head'))).toBe(true)
    expect(both.sign('head').keyId).toBe(next.secrets[0].kid)
  })

  it('is proven by the public half of a key that has left the ring, and by nobody else’s', async () => {
    const [old, next] = [await ring(), await ring()]
    const half = trailKeyOf(old.secrets[0])
    const signer = auditSigner({ secrets: next.secrets, trailKeys: [half] })
    expect(signer.verify('head', auditSigner(old).sign('head'))).toBe(true)
    expect(signer.verify('head!', auditSigner(old).sign('head'))).toBe(false)
    const foreign = { ...trailKeyOf((await ring()).secrets[0]), kid: half.kid }
    expect(auditSigner({ secrets: next.secrets, trailKeys: [foreign] }).verify('head', auditSigner(old).sign('head'))).toBe(false)
    expect(JSON.stringify(half)).not.toContain(old.secrets[0].key.toString('base64url'))
  })

  it('can be proven from the ring by whoever knows how its key is derived, in years too', async () => {
    const own = await ring()
    const seed = Buffer.from(hkdfSync('sha256', own.secrets[0].key, '', 'annex: heads of the audit trail', 32))
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    const { signature } = auditSigner(own).sign('Köpfe')
    expect(verify(null, Buffer.from('Köpfe'), key, Buffer.from(signature, 'base64url'))).toBe(true)
  })
})
