import { expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import { createKeys } from '../sealing/key-ring.ts'
import { createConnector } from './connector.ts'
import type { ConnectorOptions } from './options.ts'

const right: ConnectorOptions = {
  issuer: 'https://erp.example.com',
  client: { id: 'shop', secret: 'secret', redirectUri: 'https://shop.example.com/connect/callback' },
  scopes: { required: ['openid', 'Item:read'], optional: ['Customer:read'] },
  store: memoryStore(),
  keys: createKeys(),
}
const client = (changes: object): object => ({ client: { ...right.client, ...changes } })

test('options that are right make a connector, which has asked nobody yet', () => {
  const fetch = () => Promise.reject(new Error('nobody is to be asked'))
  expect(createConnector({ ...right, fetch }).origin).toBe('https://shop.example.com')
})

test.each<[object, RegExp]>([
  [{ issuer: undefined }, /^issuer undefined must be the site's address/],
  [{ issuer: 'erp' }, /^issuer erp must be the site's address/],
  [{ issuer: 'http://erp.example.com' }, /^issuer .* must be https/],
  [{ issuer: 'ftp://localhost' }, /^issuer .* must be https/],
  [{ issuer: 'https://erp.example.com?site=a' }, /no query/],
  [{ issuer: 'https://erp.example.com#a' }, /no fragment/],
  [{ issuer: 'https://sam:secret@erp.example.com' }, /^issuer must hold no user name/],
  [{ issuer: 'https://shop.example.com' }, /the app itself lives there/],
  [{ client: undefined }, /^client\.id must be/],
  [client({ id: '' }), /^client\.id must be/],
  [client({ secret: '' }), /^client\.secret must be/],
  [client({ redirectUri: '/callback' }), /^client\.redirectUri .* must be a whole address/],
  [client({ redirectUri: 'http://shop.example.com/callback' }), /^client\.redirectUri .* must be https/],
  [client({ redirectUri: 'shop:callback' }), /^client\.redirectUri .* must be https/],
  [client({ redirectUri: 'https://shop.example.com/callback#a' }), /^client\.redirectUri .* no fragment/],
  [client({ redirectUri: 'https://shop.example.com/connect/login' }), /write https:\/\/shop\.example\.com\/connect\/callback$/],
  [{ scopes: undefined }, /^scopes\.required must hold openid/],
  [{ scopes: { required: ['Item:read'] } }, /^scopes\.required must hold openid/],
  [{ scopes: { required: ['openid Item:read', 'openid'] } }, /^scopes: “openid Item:read” must be one scope/],
  [{ scopes: { required: ['openid'], optional: [''] } }, /^scopes: “” must be one scope/],
  [{ store: undefined }, /^store must be/],
  [{ keys: undefined }, /^keys must be a ring/],
  [{ keys: { current: 'b', ring: { a: 'x' } } }, /^keys: the current key b is not in the ring/],
  [{ basePath: 'connect' }, /^basePath connect must be a path/],
  [{ timeoutMs: 0 }, /^timeoutMs 0 must be milliseconds/],
  [{ keepAliveMs: 0 }, /^keepAliveMs 0 must be milliseconds/],
  [{ session: { absoluteMs: 0 } }, /^session\.absoluteMs 0 must be milliseconds/],
  [{ session: { absoluteMs: 400 * 86_400_000 + 1 } }, /^session\.absoluteMs .* not more than 400 days/],
  [{ verify: 'always' }, /^verify must be 'on-expiry', or \{ everyMs \}/],
  [{ verify: { everyMs: -1 } }, /^verify must be/],
  [{ webhooks: { secrets: {}, onDocument: () => undefined } }, /^webhooks\.secrets/],
  [{ revocations: { docnames: 'burn' } }, /^revocations\.docnames/],
  [{ links: { '': {} } }, /^links/],
])('an option that cannot work is named in one sentence: %j', (wrong, sentence) => {
  expect(() => createConnector({ ...right, ...wrong })).toThrow(sentence)
  expect(() => createConnector({ ...right, ...wrong })).toThrow(/^[^\n]{20,200}$/)
})
