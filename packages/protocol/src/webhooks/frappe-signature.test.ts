import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signFrappeWebhook, verifyFrappeWebhook } from './frappe-signature.ts'

/** As Python's `json.dumps` writes it, which is what a Frappe 15 signs. */
const python = '{"name": "Gr\\u00fcn & S\\u00f6hne", "region": "North", "modified": "2026-11-22 08:00:00.000001"}'
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const signed = (text: string, secret: string): string => createHmac('sha256', secret).update(text).digest('base64')

describe('a webhook of a Frappe site', () => {
  it('T8 is taken by its bytes, as Python wrote them, with either of two secrets', async () => {
    const signature = signed(python, 'hush-hush')
    for (const secrets of [['hush-hush'], ['newer', 'hush-hush']])
      expect(await verifyFrappeWebhook(bytes(python), signature, secrets)).toBe('valid')
  })

  it('T8 is forged once it was parsed and written again', async () => {
    const signature = signed(python, 'hush-hush')
    const again = JSON.stringify(JSON.parse(python))
    expect(again).not.toBe(python)
    expect(await verifyFrappeWebhook(bytes(again), signature, ['hush-hush'])).toBe('forged')
  })

  it('T8 of a Frappe 16 is taken with its line breaks', async () => {
    const pretty = '{\n "modified": "2026-11-22 08:00:00.000001",\n "name": "Gr\\u00fcn"\n}'
    expect(await verifyFrappeWebhook(bytes(pretty), signed(pretty, 'hush-hush'), ['hush-hush'])).toBe('valid')
    expect(await verifyFrappeWebhook(bytes(pretty.replaceAll('\n', '')), signed(pretty, 'hush-hush'), ['hush-hush'])).toBe('forged')
  })

  it('is taken with a secret that is no ASCII, and signed alike', async () => {
    expect(await signFrappeWebhook(bytes(python), 'geheim ü %+&')).toBe(signed(python, 'geheim ü %+&'))
    expect(await verifyFrappeWebhook(bytes(python), signed(python, 'geheim ü %+&'), ['geheim ü %+&'])).toBe('valid')
  })

  it.each([
    [undefined, ['a'], 'unsigned'],
    [null, ['a'], 'unsigned'],
    ['', ['a'], 'unsigned'],
    ['no signature', ['a'], 'malformed'],
    [`${signed(python, 'a')}${signed(python, 'a')}`, ['a'], 'malformed'],
    [signed(python, 'a').slice(1), ['a'], 'malformed'],
    [signed(python, 'b'), ['a'], 'forged'],
    [signed(python, 'a'), [], 'forged'],
    [signed(`${python} `, 'a'), ['a'], 'forged'],
  ] as const)('with the signature %s and the secrets %j is %s', async (signature, secrets, verdict) => {
    expect(await verifyFrappeWebhook(bytes(python), signature, secrets)).toBe(verdict)
  })

  it('signed with no secret at all is forged, though a receiver holds an empty one', async () => {
    expect(await verifyFrappeWebhook(bytes(python), `${'A'.repeat(43)}=`, [''])).toBe('forged')
  })
})
