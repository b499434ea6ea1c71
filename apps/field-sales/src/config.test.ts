import { expect, test } from 'vitest'
import { parseConfig, readConfig } from './config.ts'

const good = {
  issuer: 'http://127.0.0.1:4000',
  clientId: 'id',
  clientSecret: 'secret',
  url: 'http://localhost:4100',
  keys: { current: 'a', ring: { a: 'key' } },
}

test('a whole configuration is read as it stands', () => {
  expect(parseConfig(JSON.stringify(good), 'file')).toEqual(good)
  const more = { movedFrom: 'http://127.0.0.1:3999', webhookSecret: 'typed', eventSecret: 'whsec_x' }
  expect(parseConfig(JSON.stringify({ ...good, ...more, other: 1 }), 'file')).toEqual({ ...good, ...more })
})

test.each<[string, RegExp]>([
  ['nothing', /^file must be a JSON object$/],
  ['[]', /^file must be a JSON object$/],
  [JSON.stringify({ ...good, issuer: undefined }), /^file: issuer must be text$/],
  [JSON.stringify({ ...good, clientSecret: '' }), /^file: clientSecret must be text$/],
  [JSON.stringify({ ...good, webhookSecret: '' }), /^file: webhookSecret must be text$/],
  [JSON.stringify({ ...good, keys: 'key' }), /^file: keys must be/],
  [JSON.stringify({ ...good, url: 'http://localhost:4100/' }), /^file: url must be an origin/],
])('what is wrong is named: %s', (text, sentence) => {
  expect(() => parseConfig(text, 'file')).toThrow(sentence)
})

test('a file that is not there is named', async () => {
  await expect(readConfig('/no/such/file.json')).rejects.toThrow(/^FIELD_SALES_CONFIG: \/no\/such\/file\.json cannot be read/)
})
