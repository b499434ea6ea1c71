import { expect, test } from 'vitest'
import { namedClient, type Naming } from './named-client.ts'

const basic = (id: string): string => `Basic ${Buffer.from(`${id}:secret`).toString('base64')}`
const naming = (more: Partial<Naming>): Naming => ({ headers: {}, json: undefined, ...more })
const form = (...ids: string[]): URLSearchParams => new URLSearchParams(ids.map((id) => ['client_id', id]))

test.each<[string, Partial<Naming>, string | undefined]>([
  ['by a form', { form: form('shop') }, 'shop'],
  ['by JSON', { json: { client_id: 'shop' } }, 'shop'],
  ['by Basic', { headers: { authorization: basic('shop') } }, 'shop'],
  ['by a form and by Basic alike', { form: form('shop'), headers: { authorization: basic('shop') } }, 'shop'],
  ['by a form, which also has an empty one', { form: form('', 'shop') }, 'shop'],
  ['by nothing', {}, undefined],
  ['by a form without it', { form: new URLSearchParams('grant_type=refresh_token') }, undefined],
  ['by an empty text', { form: form('') }, undefined],
  ['by JSON that is no text', { json: { client_id: 7 } }, undefined],
  ['by JSON that is no object', { json: ['client_id'] }, undefined],
  ['twice, otherwise', { form: form('shop', 'other') }, undefined],
  ['by a form and by Basic otherwise', { form: form('shop'), headers: { authorization: basic('other') } }, undefined],
  ['by a Basic header that cannot be read', { headers: { authorization: 'Basic %%%' } }, undefined],
  ['by a form, with a Basic header that cannot be read', { form: form('shop'), headers: { authorization: 'Basic %%%' } }, 'shop'],
])('a request that names its app %s', (_, more, client) => {
  expect(namedClient(naming(more))).toBe(client)
})
