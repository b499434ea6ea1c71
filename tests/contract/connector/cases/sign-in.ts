import { SignInRequired } from '@annex/connector'
import { expect } from 'vitest'
import { appAt } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

const TOKEN_PATH = '/api/method/frappe.integrations.oauth2.get_token'

export const signInCases: readonly Case[] = [
  {
    title: 'D3 a person signs in, works, has the token renewed, and gives the access back',
    run: async (upstream) => {
      const app = appAt(upstream)
      const answer = await app.signIn(app.connector.signInUrl({ returnTo: '/visits' }))
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `${app.connector.origin}/visits`])
      const session = await app.connector.session(app.request())
      expect(session?.user).toMatchObject({ issuer: upstream.url, name: 'Alice Example', email: 'alice@example.com' })
      const connection = await app.connection()
      expect([...(await connection.scopes())].toSorted()).toEqual(['all', 'openid'])
      expect(await connection.client.user()).toBe('alice@example.com')
      const rows = await connection.client.list('Stock Item', { fields: ['name', 'item_name'], orderBy: 'name asc', limit: 2 })
      expect(rows).toEqual([
        { name: 'ITEM-001', item_name: 'Bolt 1' },
        { name: 'ITEM-002', item_name: 'Nut 2' },
      ])

      const first = await connection.token()
      const second = await connection.token({ rejected: first })
      expect(second).not.toBe(first)
      expect(await connection.client.user()).toBe('alice@example.com')

      expect(await connection.disconnect()).toEqual({ revoked: true })
      const headers = { accept: 'application/json', authorization: `Bearer ${second}` }
      const refused = await upstream.fetch(`${upstream.url}/api/method/frappe.auth.get_logged_user`, { headers })
      expect(refused.status).toBe(401)
      await expect(connection.client.user()).rejects.toThrow(SignInRequired)
    },
  },
  {
    title: 'a person who says no is not signed in, and may try again',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      const back = await app.visit(await app.atSite(undefined, { deny: true }))
      expect(app.events).toContain('sign-in-failed')
      expect(await back.text()).toContain('/connect/login')
      expect(await app.connector.session(app.request())).toBeUndefined()
      expect((await app.signIn()).status).toBe(303)
    },
  },
  {
    title: 'J03 the codes of two sign-ins do not go for each other',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      const [one, two] = [new URL(await app.atSite()), new URL(await app.atSite())]
      one.searchParams.set('code', two.searchParams.get('code')!)
      expect((await app.visit(one.href)).status).toBeGreaterThanOrEqual(400)
      expect(await app.connector.session(app.request())).toBeUndefined()
    },
  },
  {
    title: 'a code that somebody else swapped first signs nobody in',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream, {
        fetch: async (url, init) => {
          if (url.endsWith(TOKEN_PATH)) expect((await upstream.fetch(url, init)).status).toBe(200)
          return upstream.fetch(url, init)
        },
      })
      expect((await app.signIn()).status).toBeGreaterThanOrEqual(400)
      expect(await app.connector.session(app.request())).toBeUndefined()
    },
  },
  {
    title: 'a renewal whose answer is lost is asked for again, and nobody is signed out',
    needs: ['answers to unrecorded requests', 'repeats'],
    run: async (upstream) => {
      let lose = 0
      const app = appAt(upstream, {
        fetch: async (url, init) => {
          const answer = await upstream.fetch(url, init)
          if (url.endsWith(TOKEN_PATH) && lose-- > 0) throw new TypeError('fetch failed')
          return answer
        },
      })
      await app.signIn()
      const connection = await app.connection()
      const first = await connection.token()
      lose = 1
      expect(await connection.token({ rejected: first })).not.toBe(first)
      expect(await connection.client.user()).toBe('alice@example.com')
    },
  },
  {
    title: 'a client that the site does not know is told as a wrong setting, and ends nobody’s access',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      await app.signIn()
      const connection = await app.connection()
      const rejected = await connection.token()
      const client = { ...upstream.client, id: 'nobody-knows' }
      const wrong = appAt(upstream, { more: { store: app.store, keys: app.keys, client } })
      const refused = wrong.connector.connection(connection.id).token({ rejected })
      await expect(refused).rejects.toMatchObject({ name: 'AppRefused', code: 'invalid_client' })
      expect(await connection.state()).toMatchObject({ state: 'active' })
      await expect(connection.token({ rejected })).resolves.toBeTypeOf('string')
    },
  },
  {
    title: 'a renewal leaves one refresh token that renews',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const shown: string[] = []
      const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
        const answer = await upstream.fetch(url, init)
        if (!url.endsWith(TOKEN_PATH) || answer.status !== 200) return answer
        const text = await answer.text()
        shown.push(String((JSON.parse(text) as Record<string, unknown>)['refresh_token']))
        return new Response(text, { status: answer.status, headers: { 'content-type': 'application/json' } })
      }
      const app = appAt(upstream, { fetch })
      await app.signIn()
      const connection = await app.connection()
      await connection.token({ rejected: await connection.token() })
      expect(await connection.disconnect()).toEqual({ revoked: true })
      expect(shown).toHaveLength(2)
      const { id, secret } = upstream.client
      const isGood = async (token: string): Promise<boolean> => {
        const form = { grant_type: 'refresh_token', refresh_token: token, client_id: id, client_secret: secret }
        const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
        const body = new URLSearchParams(form).toString()
        return (await upstream.fetch(upstream.url + TOKEN_PATH, { method: 'POST', headers, body })).status === 200
      }
      expect(await isGood(shown[1]!)).toBe(false)
      await expect.poll(() => isGood(shown[0]!)).toBe(false)
    },
  },
  {
    title: 'an access token that the site refuses is renewed, and the call sent once more',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      let refusals = 1
      const app = appAt(upstream, {
        fetch: (url, init) =>
          url.includes('/api/resource/') && refusals-- > 0
            ? Promise.resolve(Response.json({ exc_type: 'AuthenticationError' }, { status: 401 }))
            : upstream.fetch(url, init),
      })
      await app.signIn()
      const connection = await app.connection()
      const before = await connection.token()
      expect(await connection.client.read('Client', 'Acme')).toMatchObject({ name: 'Acme' })
      expect(await connection.token()).not.toBe(before)
    },
  },
  {
    title: 'J06 what the person leaves out is not granted, and named when it is missing',
    needs: ['answers to unrecorded requests', 'scopes'],
    run: async (upstream) => {
      const app = appAt(upstream, { optional: ['Client:read'] })
      await app.signIn(undefined, { untick: ['Client:read'] })
      const connection = await app.connection()
      expect(await connection.scopes()).toEqual(['openid'])
      await expect(connection.client.list('Client')).rejects.toMatchObject({ name: 'ScopeMissing', needed: ['Client:read'] })
    },
  },
]
