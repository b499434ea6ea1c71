import { webhookSecret } from '@annex/protocol'
import { expect, test } from 'vitest'
import { checkWebhooks, type WebhookOptions } from './webhook-options.ts'

const [one, two, three] = [24, 32, 64].map((length) => webhookSecret(new Uint8Array(length).fill(length))) as [string, string, string]
const onDocument = (): void => undefined

test.each([{ standard: [one] }, { standard: [two, three] }, { frappe: ['a'] }, { standard: [one], frappe: ['ü', 'b c'] }])(
  'the secrets %j are right',
  (secrets) => expect(() => checkWebhooks({ secrets, onDocument })).not.toThrow(),
)

test.each<[Partial<Record<keyof WebhookOptions, unknown>>, RegExp]>([
  [{ secrets: undefined }, /^webhooks\.secrets must hold/],
  [{ secrets: {} }, /^webhooks\.secrets must hold/],
  [{ secrets: { standard: [], frappe: [] } }, /^webhooks\.secrets must hold/],
  [{ secrets: { standard: [one, two, three] } }, /^webhooks\.secrets\.standard must hold at most two/],
  [{ secrets: { frappe: ['a', 'b', 'c'] } }, /^webhooks\.secrets\.frappe must hold at most two/],
  [{ secrets: { standard: ['hush'] } }, /^webhooks\.secrets\.standard must hold secrets of the form whsec_/],
  [{ secrets: { standard: [one.slice(0, -4)] } }, /^webhooks\.secrets\.standard must hold secrets of the form/],
  [{ secrets: { standard: [`whsec_${btoa('x'.repeat(65))}`] } }, /^webhooks\.secrets\.standard must hold secrets of the form/],
  [{ secrets: { frappe: [''] } }, /^webhooks\.secrets\.frappe must not hold an empty secret/],
  [{ onDocument: undefined }, /^webhooks\.onDocument must be a function/],
  [{ doctypes: [] }, /^webhooks\.doctypes must be a list of names of DocTypes/],
  [{ doctypes: 'Customer' }, /^webhooks\.doctypes must be a list/],
  [{ doctypes: ['Customer', ''] }, /^webhooks\.doctypes must be a list/],
  [{ doctypes: ['Customer '] }, /^webhooks\.doctypes must be a list/],
  [{ toleranceS: 0 }, /^webhooks\.toleranceS 0 must be seconds/],
  [{ toleranceS: 86_400 }, /^webhooks\.toleranceS 86400 must be seconds/],
])('an option that cannot work is named in one sentence: %j', (wrong, sentence) => {
  const check = () => checkWebhooks({ secrets: { standard: [one] }, onDocument, ...wrong } as WebhookOptions)
  expect(check).toThrow(sentence)
  expect(check).toThrow(/^[^\n]{20,200}$/)
})
