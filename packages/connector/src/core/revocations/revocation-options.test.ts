import { webhookSecret } from '@annex/protocol'
import { expect, test } from 'vitest'
import { checkRevocations, type RevocationOptions } from './revocation-options.ts'

const [one, two, three] = [1, 2, 3].map((byte) => webhookSecret(new Uint8Array(32).fill(byte))) as [string, string, string]

test.each<RevocationOptions>([
  {},
  { eventSecrets: [] },
  { eventSecrets: [one] },
  { eventSecrets: [two, one], docnames: 'drop' },
  { docnames: 'keep' },
])('the options %j are right', (options) => expect(() => checkRevocations(options)).not.toThrow())

test.each<[Record<keyof RevocationOptions, unknown> | object, RegExp]>([
  [{ eventSecrets: [one, two, three] }, /^revocations\.eventSecrets must hold at most two/],
  [{ eventSecrets: [''] }, /^revocations\.eventSecrets must hold secrets of the form whsec_/],
  [{ docnames: 'burn' }, /^revocations\.docnames burn must be/],
])('an option that cannot work is named in one sentence: %j', (wrong, sentence) => {
  expect(() => checkRevocations(wrong as RevocationOptions)).toThrow(sentence)
  expect(() => checkRevocations(wrong as RevocationOptions)).toThrow(/^[^\n]{20,200}$/)
})
