import { expect, test } from 'vitest'
import type { Send } from '../upstream/transport.ts'
import { SiteKeys } from './site-keys.ts'

const TOKEN = { payload: '', signature: '' }

test.each([
  [429, { error: 'slowly' }, 'rate_limited'],
  [503, undefined, 'busy'],
  [404, undefined, 'site_not_found'],
  [301, undefined, 'not_frappe'],
])('a site that answers %i for its keys is away for that reason', async (status, json, code) => {
  const send: Send = () => Promise.resolve({ status, headers: new Headers(), json })
  const get = new SiteKeys(send, 0).at('https://erp.test/keys')
  await expect(get({ alg: 'ES256', kid: 'one' }, TOKEN)).rejects.toMatchObject({ code })
})

test('a key that nobody has made is asked for once in the time of rest, and each time where there is none', async () => {
  for (const [restMs, times] of [
    [30_000, 1],
    [0, 3],
  ] as const) {
    let asked = 0
    const send: Send = () => {
      asked += 1
      return Promise.resolve({ status: 200, headers: new Headers(), json: { keys: [] } })
    }
    const get = new SiteKeys(send, restMs).at('https://erp.test/keys')
    for (const kid of ['one', 'two'])
      await expect(get({ alg: 'ES256', kid }, TOKEN)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect(asked).toBe(times)
  }
})
