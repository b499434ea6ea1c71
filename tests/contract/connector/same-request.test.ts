import { expect, test } from 'vitest'
import { openRecorded } from './recorded-site.ts'
import { askedIn, isSame, type Asked } from './same-request.ts'

const LIST = '/api/resource/Stock%20Item'
const list = (query: Record<string, string>): Asked => askedIn({ as: 'bob', path: LIST, query })
const asks = (one: Record<string, string>, other: Record<string, string>): boolean => isSame(list(one), list(other))

test('two lists are the same by what they ask for, however it is written', () => {
  const said = { limit_start: '0', limit_page_length: '20', fields: '["name"]', order_by: 'modified desc' }
  expect(asks({}, said)).toBe(true)
  expect(asks({ filters: '{"unit":"Nos"}' }, { filters: '[["Stock Item","unit","=","Nos"]]' })).toBe(true)
  expect(asks({ limit: '5' }, { limit_page_length: '5' })).toBe(true)
})

test('two lists are not the same when they ask for other rows, fields or places, or for somebody else', () => {
  for (const other of [
    { limit: '5' },
    { fields: '["rate"]' },
    { filters: '[["unit","=","Kg"]]' },
    { limit_start: '20' },
    { order_by: 'name asc' },
  ])
    expect(asks({}, other as Record<string, string>)).toBe(false)
  expect(isSame(askedIn({ as: 'bob', path: LIST }), askedIn({ as: 'alice', path: LIST }))).toBe(false)
  expect(isSame(askedIn({ as: 'bob', path: LIST }), askedIn({ as: 'bob', path: LIST, method: 'POST' }))).toBe(false)
})

test('a request that nobody recorded has no answer, and fails what comes after with its text', async () => {
  const upstream = await openRecorded()
  const headers = { authorization: 'token bob:recorded' }
  await expect(upstream.fetch(`${upstream.url}/api/resource/Nowhere`, { headers })).rejects.toThrow('Nobody recorded')
  await expect(upstream.close()).rejects.toThrow('/api/resource/Nowhere')
})

test('a recorded answer is given in the order in which it came, and the last again', async () => {
  const upstream = await openRecorded()
  const read = async (): Promise<number> =>
    (await upstream.fetch(`${upstream.url}/api/resource/Client/Client%20rec`, { headers: { authorization: 'token bob:recorded' } })).status
  expect([await read(), await read(), await read()]).toEqual([200, 404, 404])
})
