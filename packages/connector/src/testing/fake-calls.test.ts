import { verifyFrappeWebhook, verifyWebhook, webhookSecret } from '@annex/protocol'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream } from './fake/fake-upstream.ts'
import { pythonJson } from './fake/calls/python-json.ts'
import { TestApp } from './test-app.ts'
import { TestClock } from './test-clock.ts'

const START = Date.parse('2026-11-22T08:00:00Z')
const SECRET = webhookSecret(new Uint8Array(32).fill(7))
const DAYS_3 = 3 * 24 * 3_600_000

interface Got {
  readonly url: string
  readonly headers: Headers
  readonly bytes: Uint8Array<ArrayBuffer>
}

let got: Got[]
let clock: TestClock
beforeEach(() => {
  got = []
  clock = new TestClock(START)
})
const receive = async (url: string, init?: RequestInit): Promise<Response> => {
  const request = new Request(url, init)
  got.push({ url, headers: request.headers, bytes: new Uint8Array(await request.arrayBuffer()) })
  return new Response(null, { status: 204 })
}
const textOf = ({ bytes }: Got): string => new TextDecoder().decode(bytes)

function verdict(call: Got, now = clock.now()): Promise<string> {
  const { headers } = call
  const signed = { id: headers.get('webhook-id'), timestamp: headers.get('webhook-timestamp'), signature: headers.get('webhook-signature') }
  return verifyWebhook({ ...signed, body: textOf(call) }, [SECRET], { now: now / 1000 })
}

describe('a webhook', () => {
  const change = { doctype: 'Customer', name: 'Müller "&"', event: 'on_update' } as const
  const frappe = { url: 'https://app.test/webhook/Customer', secret: 'hush', scheme: 'frappe', fetch: receive } as const
  const standard = { ...frappe, secret: SECRET, scheme: 'standard' } as const

  function siteOf(kind: 'annex' | 'frappe-16' | 'frappe-15'): FakeUpstream {
    const site = new FakeUpstream({ kind, clock })
    site.documents.set('Customer', { name: change.name, town: 'Köln' })
    return site
  }

  test('T8 of a Frappe 15 is what Python writes, signed over its bytes, and names no media type', async () => {
    await siteOf('frappe-15').webhook({ ...change, fields: ['name', 'town', 'nothing'] }, frappe)
    expect(textOf(got[0]!)).toBe(String.raw`{"name": "M\u00fcller \"&\"", "town": "K\u00f6ln", "nothing": null}`)
    expect(got[0]!.headers.get('content-type')).toBeNull()
    const signature = got[0]!.headers.get('x-frappe-webhook-signature')
    expect(await verifyFrappeWebhook(got[0]!.bytes, signature, ['hush'])).toBe('valid')
    const again = new TextEncoder().encode(JSON.stringify(JSON.parse(textOf(got[0]!))))
    expect(await verifyFrappeWebhook(again, signature, ['hush'])).toBe('forged')
  })

  test('T8 of a Frappe 16 is sorted, and a line each', async () => {
    await siteOf('frappe-16').webhook({ ...change, fields: ['town', 'name'] }, frappe)
    expect(textOf(got[0]!)).toBe('{\n "name": "M\\u00fcller \\"&\\"",\n "town": "K\\u00f6ln"\n}')
  })

  test('by Standard Webhooks comes three times with one id', async () => {
    const answers = await siteOf('annex').webhook(change, standard, { repeat: 3 })
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    expect(new Set(got.map(({ headers }) => headers.get('webhook-id'))).size).toBe(1)
    expect(await verdict(got[2]!)).toBe('valid')
    expect(JSON.parse(textOf(got[0]!))).toMatchObject({ type: 'on_update', data: { doctype: 'Customer', name: change.name } })
  })

  test('that comes three days late, or was altered, is told from a good one', async () => {
    const site = siteOf('annex')
    await site.webhook(change, standard, { lateMs: DAYS_3 })
    await site.webhook(change, standard, { altered: true })
    expect([await verdict(got[0]!), await verdict(got[1]!)]).toEqual(['too-old', 'forged'])
    await site.webhook(change, frappe, { altered: true })
    expect(await verifyFrappeWebhook(got[2]!.bytes, got[2]!.headers.get('x-frappe-webhook-signature'), ['hush'])).toBe('forged')
  })

  test('holds what stood there then, and several come in their order or the other way round', async () => {
    const site = siteOf('annex')
    const both = ['1', '2'].map((modified) => ({ ...change, values: { modified } }))
    await site.webhook(both, standard)
    await site.webhook(both, standard, { reversed: true })
    const told = got.map((call) => (JSON.parse(textOf(call)) as { data: { modified: string } }).data.modified)
    expect(told).toEqual(['1', '2', '2', '1'])
  })

  test.each([-299, 299])('is good for a receiver whose clock is %i seconds wrong', async (seconds) => {
    await siteOf('annex').webhook(change, standard)
    expect(await verdict(got[0]!, clock.skewed(seconds * 1000)())).toBe('valid')
  })
})

describe('an app that listens', () => {
  let site: FakeUpstream
  beforeEach(async () => {
    site = new FakeUpstream({ clock })
    site.tell({ events: { url: 'https://app.test/events', secret: SECRET }, logoutUrl: 'https://app.test/logout', fetch: receive })
    await new TestApp(site).signIn()
  })
  const bodyOf = (call: Got): Record<string, unknown> => JSON.parse(textOf(call)) as Record<string, unknown>

  test('is told when access ends: by an event, and by a logout token', async () => {
    await site.revoke('sam@example.com')
    expect(got.map(({ url }) => url)).toEqual(['https://app.test/events', 'https://app.test/logout'])
    expect(await verdict(got[0]!)).toBe('valid')
    expect(bodyOf(got[0]!)).toMatchObject({
      type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      data: { iss: site.issuer, client_id: site.client.id, sub: 'sam-sub', reason: 'user_revoked' },
    })
  })

  test('is told of others’ access by nobody', async () => {
    await site.revoke('lea@example.com')
    expect(got).toEqual([])
  })

  test('is told what is left when access narrows', async () => {
    await site.narrow('sam@example.com', ['openid'])
    expect(bodyOf(got[0]!)).toMatchObject({ data: { claims: { scope: 'openid' } } })
  })

  test.each([-299, 299])('G08 gets a logout token when the person signs out, good for a clock %i seconds wrong', async (seconds) => {
    await site.signOut('sam@example.com')
    const token = new URLSearchParams(textOf(got[0]!)).get('logout_token')!
    const keys = (await (await site.fetch(`${site.issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet
    const currentDate = new Date(clock.skewed(seconds * 1000)())
    const options = { issuer: site.issuer, audience: site.client.id, typ: 'logout+jwt', currentDate, clockTolerance: 300 }
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), options)
    expect(payload).toMatchObject({ sub: 'sam-sub', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
    expect(payload).not.toHaveProperty('nonce')
  })

  test('of a Frappe hears nothing', async () => {
    const frappe = new FakeUpstream({ kind: 'frappe-15' })
    frappe.tell({ events: { url: 'https://app.test/events', secret: SECRET }, fetch: receive })
    await new TestApp(frappe).signIn()
    expect(await frappe.revoke()).toEqual([])
    expect(got).toEqual([])
  })
})

test('Python’s JSON has nothing in an empty list and an empty object', () => {
  expect(pythonJson({ a: [], b: {}, c: [1, 'x', null, true] }, false)).toBe('{"a": [], "b": {}, "c": [1, "x", null, true]}')
})
