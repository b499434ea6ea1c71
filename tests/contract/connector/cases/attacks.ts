import { expect } from 'vitest'
import { appAt } from '../app-at.ts'
import type { Case } from '../upstream-under-test.ts'

const TOKEN_PATH = '/api/method/frappe.integrations.oauth2.get_token'

export const attackCases: readonly Case[] = [
  {
    title: 'J01 a callback that another browser began, or whose state is changed or missing, sends no code to the site',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      let swaps = 0
      const fetch = (url: string, init?: RequestInit): Promise<Response> => {
        swaps += url.endsWith(TOKEN_PATH) ? 1 : 0
        return upstream.fetch(url, init)
      }
      const [begun, other] = [appAt(upstream, { fetch }), appAt(upstream, { fetch })]
      const back = new URL(await begun.atSite())
      expect((await other.visit(back.href)).status).toBeGreaterThanOrEqual(400)
      const changed = new URL(back)
      changed.searchParams.set('state', `${back.searchParams.get('state')!.slice(0, -1)}x`)
      const missing = new URL(back)
      missing.searchParams.delete('state')
      for (const url of [changed, missing]) expect((await begun.visit(url.href)).status).toBeGreaterThanOrEqual(400)
      expect(swaps).toBe(0)
      expect(await begun.connector.session(begun.request())).toBeUndefined()
    },
  },
  {
    title: 'J01 a callback is good once',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      const back = await app.atSite()
      const cookies = new Map(app.cookies)
      expect((await app.visit(back)).status).toBe(303)
      // Who copied the browser's cookies has those of the sign-in too.
      for (const [name, value] of cookies) app.cookies.set(name, value)
      expect((await app.visit(back)).status).toBeGreaterThanOrEqual(400)
    },
  },
  {
    title: 'J04 a sign-in that one person began and another came back from changes nothing',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      const app = appAt(upstream)
      await app.signIn()
      const { id } = await app.connection()
      const sitsDown = appAt(upstream, { user: 'bob', more: { store: app.store, keys: app.keys } })
      for (const [name, value] of app.cookies) sitsDown.cookies.set(name, value)
      const answer = await sitsDown.signIn(app.connector.signInUrl({ scopes: ['all'], returnTo: '/draft' }))
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
      const session = await sitsDown.connector.session(sitsDown.request())
      expect(session).toMatchObject({ connection: id, user: { email: 'alice@example.com' } })
      expect(await app.connector.connection(id).client.user()).toBe('alice@example.com')
    },
  },
  {
    title: 'J06 a link of a stranger asks nobody for less than the app is set to ask for',
    run: async (upstream) => {
      const app = appAt(upstream)
      const away = await app.visit(app.connector.signInUrl({ scopes: ['openid'] }))
      expect(new URL(away.headers.get('location')!).searchParams.get('scope')).toBe('openid all')
    },
  },
  {
    title: 'J08 A27 after a sign-in the browser stays at the app, wherever the link wanted it to go',
    needs: ['answers to unrecorded requests'],
    run: async (upstream) => {
      for (const target of ['https://evil.example.com/', '//evil.example.com', String.raw`/\evil.example.com`, 'javascript:alert(1)']) {
        const app = appAt(upstream)
        const url = new URL(app.connector.signInUrl())
        url.searchParams.set('return_to', target)
        const { origin } = new URL((await app.signIn(url.href)).headers.get('location')!)
        expect(origin).toBe(app.connector.origin)
      }
    },
  },
]
