import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { WEBHOOK_HEADERS, signWebhook, verifyWebhook, webhookSecret, type ReceivedWebhook } from './webhook-signature.ts'

const now = Math.floor(Date.now() / 1000)
const body = '{"type":"grüße","data":{"n":1}}'
const secret = webhookSecret(randomBytes(32))
const other = webhookSecret(randomBytes(24))

const received = (headers: Record<string, string>, sent = body): ReceivedWebhook => ({
  id: headers[WEBHOOK_HEADERS.id],
  timestamp: headers[WEBHOOK_HEADERS.timestamp],
  signature: headers[WEBHOOK_HEADERS.signature],
  body: sent,
})

describe('a signed webhook', () => {
  it('is taken by the reference library, with either of two secrets', async () => {
    const headers = await signWebhook({ id: 'msg_1', timestamp: now, body }, [secret, other])
    for (const one of [secret, other]) expect(new Webhook(one).verify(body, headers)).toEqual(JSON.parse(body))
    const stranger = new Webhook(webhookSecret(randomBytes(32)))
    expect(() => stranger.verify(body, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secret).verify(body.replace('1', '2'), headers)).toThrow('No matching signature')
  })

  it('of the reference library is taken, with either of two secrets', async () => {
    const signature = new Webhook(secret).sign('msg_2', new Date(now * 1000), body)
    const call = { id: 'msg_2', timestamp: String(now), signature, body }
    for (const secrets of [[secret], [other, secret]]) expect(await verifyWebhook(call, secrets, { now })).toBe('valid')
    const several = { ...call, signature: `v1a,AAAA v1,${'A'.repeat(43)}= ${signature}` }
    expect(await verifyWebhook(several, [secret], { now })).toBe('valid')
  })

  it('is forged when body, id, time, secret or signature is another', async () => {
    const call = received(await signWebhook({ id: 'msg_3', timestamp: now, body }, [secret]))
    const changes: readonly [Partial<ReceivedWebhook>, readonly string[]][] = [
      [{ body: `${body} ` }, [secret]],
      [{ id: 'msg_4' }, [secret]],
      [{ timestamp: String(now + 1) }, [secret]],
      [{}, [other]],
      [{}, []],
      [{ signature: `v1,${'A'.repeat(43)}=` }, [secret]],
    ]
    for (const [change, secrets] of changes) expect(await verifyWebhook({ ...call, ...change }, secrets, { now })).toBe('forged')
    expect(await verifyWebhook(call, [secret], { now })).toBe('valid')
  })

  it('is refused when a header is missing or is not one', async () => {
    const call = received(await signWebhook({ id: 'msg_5', timestamp: now, body }, [secret]))
    for (const missing of ['id', 'timestamp', 'signature'])
      expect(await verifyWebhook({ ...call, [missing]: null }, [secret], { now })).toBe('unsigned')
    for (const change of [{ timestamp: '1e9' }, { timestamp: '-1' }, { signature: 'v1' }, { signature: 'v1a,AAAA' }, { signature: 'v1,?' }])
      expect(await verifyWebhook({ ...call, ...change }, [secret], { now })).toBe('malformed')
  })

  it('holds for five minutes, or as long as its receiver says', async () => {
    const call = received(await signWebhook({ id: 'msg_6', timestamp: now, body }, [secret]))
    expect(await verifyWebhook(call, [secret], { now: now + 300 })).toBe('valid')
    expect(await verifyWebhook(call, [secret], { now: now + 301 })).toBe('too-old')
    expect(await verifyWebhook(call, [secret], { now: now - 301 })).toBe('too-new')
    expect(await verifyWebhook(call, [secret], { now: now + 20, tolerance: 10 })).toBe('too-old')
  })

  it('is not made with what is no secret or no id', async () => {
    await expect(signWebhook({ id: 'a', timestamp: now, body }, ['whsec_short'])).rejects.toThrow(TypeError)
    await expect(signWebhook({ id: 'a.1', timestamp: now, body }, [secret])).rejects.toThrow(TypeError)
    expect(() => webhookSecret(randomBytes(16))).toThrow(TypeError)
    expect(await verifyWebhook({ id: 'a', timestamp: String(now), signature: 'v1,AAAA', body }, ['whsec_'], { now })).toBe('forged')
  })
})
