import { SignInRequired } from '@annex/connector'
import { expect } from 'vitest'
import { appAt, clientOf } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

export const errorCases: readonly Case[] = [
  {
    title: 'T5 D21 what a site refuses comes back by its name and status',
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      await expect(client.read('Stock Item', 'NOPE')).rejects.toMatchObject({ excType: 'DoesNotExistError', status: 404 })
      await expect(client.list<string>('Stock Item', { fields: ['name', 'no_such_field'] })).rejects.toMatchObject({
        excType: 'DataError',
        status: 417,
      })
      await expect(client.insert<string>('Stock Item', { item_code: `LNK-${upstream.run}`, unit: 'Furlong' })).rejects.toMatchObject({
        excType: 'LinkValidationError',
      })
      await expect(client.insert<string>('Quote', { client: 'Acme', lines: [{ item: 'ITEM-001' }] })).rejects.toMatchObject({
        excType: 'MandatoryError',
      })
      await expect(
        client.insert<string>('Client', { client_name: `Bad choice ${upstream.run}`, client_type: 'Alien' }),
      ).rejects.toMatchObject({
        excType: 'ValidationError',
      })
    },
  },
  {
    title: 'T4 an API key that is not good is refused, and is nobody’s sign-in',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const { UpstreamClient } = await import('@annex/connector')
      const client = new UpstreamClient({ url: upstream.url, fetch: upstream.fetch, credentials: { apiKey: 'bad:key' }, retries: 0 })
      await expect(client.user()).rejects.toMatchObject({ excType: 'AuthenticationError', status: 401 })
    },
  },
  {
    title: 'T5 a method that is not there is told by its name',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const client = await clientOf(upstream, 'bob')
      await expect(client.call('app.nowhere.nothing')).rejects.toThrow('app.nowhere.nothing')
    },
  },
  {
    title: 'access that ended at the site ends here, with a place to sign in again',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      await app.signIn()
      const connection = await app.connection()
      const other = appAt(upstream)
      await other.signIn()
      // The site takes back what its own user gives back, by the hand of the app.
      const token = await connection.token()
      const { id, secret } = upstream.client
      const body = new URLSearchParams({ token, token_type_hint: 'access_token', client_id: id, client_secret: secret }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const url = `${upstream.url}/api/method/frappe.integrations.oauth2.revoke_token`
      expect((await upstream.fetch(url, { method: 'POST', headers, body })).status).toBe(200)
      const error: unknown = await connection.client.user().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SignInRequired)
      expect((error as SignInRequired).url).toContain('/connect/login')
      expect(await (await other.connection()).client.user()).toBe('alice@example.com')
    },
  },
]
