import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import {
  APPROVE,
  AUTHORIZE,
  Browser,
  REDIRECT,
  boxesOf,
  connect,
  formOf,
  me,
  person,
  readConsent,
  register,
  request,
  swap,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { expectError, expectRefusal } from '../../testing/answers.fixture.ts'
import { doctype, openProvider, type Provider } from '../../testing/provider.fixture.ts'

describe.each(engines)('consent on %s', (engine) => {
  let provider: Provider
  let user: string
  let app: App
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    app = await register(provider, {
      redirect_uris: `${REDIRECT} https://app.example.com/other`,
      scopes: 'openid all Item:read Sales.Invoice:*',
    })
  })
  beforeEach(async () => {
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  describe('at the consent page', () => {
    it('A16 needs the form of this session, from this site', async () => {
      const page = await alice.authorize(request(app, { prompt: 'consent' }))
      const fields: Record<string, string | string[]> = { ...readConsent(page), decision: 'allow' }
      const { csrf_token: _, ...bare } = fields
      for (const reply of [
        await alice.post(APPROVE, bare),
        await alice.post(APPROVE, fields, { origin: 'https://evil.example' }),
        await alice.post(APPROVE, fields, { 'sec-fetch-site': 'cross-site' }),
      ]) {
        expect(reply.status).toBe(400)
        expect(reply.location).toBeUndefined()
      }
      expect((await alice.post(APPROVE, fields)).location?.searchParams.get('code')).toBeTruthy()
    })

    it('A17 a link to approve grants nothing and opens the page', async () => {
      const reply = await alice.get(`${APPROVE}?${formOf(request(app))}`)
      expect(reply.status).toBe(303)
      expect(reply.location?.pathname).toBe(AUTHORIZE)
      expect(reply.location?.searchParams.get('client_id')).toBe(app.id)
    })

    it('A18 a decision counts once', async () => {
      const page = await alice.authorize(request(app, { prompt: 'consent' }))
      expect((await alice.decide(page)).status).toBe(303)
      expectRefusal(await alice.decide(page))
      const next = await alice.authorize(request(app, { prompt: 'consent' }))
      const both = await Promise.all([alice.decide(next), alice.decide(next)])
      expect(both.map((reply) => reply.status)).toEqual(expect.arrayContaining([303, 400]))
    })

    it('A19 another session cannot decide it', async () => {
      const page = await alice.authorize(request(app, { prompt: 'consent' }))
      const bob = await new Browser(provider).signIn(await person(provider))
      const own = readConsent(await bob.authorize(request(app)))
      expectRefusal(await bob.post(APPROVE, { ...readConsent(page), csrf_token: own['csrf_token'] ?? '', decision: 'allow' }))
    })

    it('A19 nor can another session of the same person', async () => {
      const page = await alice.authorize(request(app, { prompt: 'consent' }))
      const elsewhere = await new Browser(provider).signIn(user)
      const own = readConsent(await elsewhere.authorize(request(app, { prompt: 'consent' })))
      expectRefusal(await elsewhere.post(APPROVE, { ...readConsent(page), csrf_token: own['csrf_token'] ?? '', decision: 'allow' }))
      expect((await alice.decide(page)).status).toBe(303)
    })

    it('A20 nor can who signs in next in the same browser', async () => {
      const browser = await new Browser(provider).signIn(user)
      const page = await browser.authorize(request(app, { prompt: 'consent' }))
      await browser.signIn(await person(provider))
      const own = readConsent(await browser.authorize(request(app)))
      expectRefusal(await browser.post(APPROVE, { ...readConsent(page), csrf_token: own['csrf_token'] ?? '', decision: 'allow' }))
    })

    it.each([{ redirect_uri: 'https://evil.example' }, { response_type: 'token' }, { client_id: 'other' }, { state: 'other' }])(
      'A14 a form that says %j is refused, and the request stays',
      async (change) => {
        const page = await alice.authorize(request(app, { prompt: 'consent' }))
        expectRefusal(await alice.post(APPROVE, { ...readConsent(page), ...change, decision: 'allow' }))
        expect((await alice.decide(page)).location?.searchParams.get('state')).toBe('xyz')
      },
    )

    it('F08 a form cannot add a scope', async () => {
      const page = await alice.authorize(request(app, { scope: 'openid', prompt: 'consent' }))
      expectRefusal(await alice.post(APPROVE, { ...readConsent(page), scope: ['openid', 'all'], decision: 'allow' }))
      expect((await swap(provider, app, (await alice.decide(page)).location?.searchParams.get('code') ?? '')).json['scope']).toBe('openid')
    })

    it('tells the app when it is denied, or when nothing is left', async () => {
      const own = await register(provider, { scopes: 'Item:read' })
      const query = request(own, { scope: 'Item:read' })
      expectError(await alice.decide(await alice.authorize(query), 'deny'), 'access_denied')
      expectError(await alice.decide(await alice.authorize(query), 'allow', ['Item:read']), 'access_denied')
      expect(await provider.grants.list(user, own.id)).toEqual([])
    })

    it('is refused when the client was retired meanwhile', async () => {
      const own = await register(provider)
      const page = await alice.authorize(request(own))
      await provider.oauth.clients.retire(ADMINISTRATOR, own.id)
      expectRefusal(await alice.decide(page))
    })

    it('A21 A22 A39 is not framed, not cached, and tells no other site', async () => {
      const { headers } = await alice.authorize(request(app, { prompt: 'consent' }))
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('cache-control')).toBe('no-store')
    })

    it('A29 shows a hostile name as text', async () => {
      const hostile = await register(provider, { app_name: 'x" onload="y' })
      const page = await alice.authorize(request(hostile))
      expect(page.text).not.toContain('onload="y')
      expect(page.text).toContain('app.example.com')
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      // Chromium applies it to the redirect to the app, too.
      expect(page.headers.get('content-security-policy')).not.toContain('form-action')
    })

    it('A30 the code is of the session and not of a cookie that says so', async () => {
      const own = await register(provider)
      const browser = await new Browser(provider).signIn(user)
      browser.cookie += '; user_id=Administrator'
      expect((await me(provider, (await connect(provider, browser, own)).access)).json['user']).toBe(user)
    })

    it('A36 a session keeps twenty open requests, the newest, and is then slowed down', async () => {
      const browser = await new Browser(provider).signIn(user)
      const pages: Reply[] = []
      for (let count = 0; count < 22; count += 1) pages.push(await browser.authorize(request(app, { prompt: 'consent' })))
      expectRefusal(await browser.decide(pages[0]!))
      expect((await browser.decide(pages[2]!)).status).toBe(303)
      const more = await Promise.all(Array.from({ length: 60 }, () => browser.authorize(request(app))))
      const slowed = more.filter((reply) => reply.status === 429)
      expect(slowed.length).toBeGreaterThan(0)
      expect(Number(slowed[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    })
  })

  describe('for scopes', () => {
    it('without any asks for all that the client is registered for', async () => {
      const own = await register(provider, { scopes: 'openid Item:read Item:*' })
      const { access } = await connect(provider, alice, own, { scope: '' })
      expect((await me(provider, access)).json['scopes']).toEqual(['openid', 'Item:read'])
      expect((await provider.grants.list(user, own.id))[0]?.requested).toBe('openid Item:read')
    })

    it('F07 remembers what was unticked and asks for the difference alone', async () => {
      const own = await register(provider, { scopes: 'openid Item:read Item:write' })
      const query = request(own, { scope: 'openid Item:read Item:write' })
      const reply = await swap(provider, own, await alice.code(query, ['Item:write']))
      expect(reply.json['scope']).toBe('openid Item:read')
      const again = await alice.authorize(query)
      expect(boxesOf(again)).toEqual(['Item:write'])
      expect(again.text).not.toMatch(/value="Item:write"\s+checked/)
      expect((await swap(provider, own, (await alice.decide(again)).location?.searchParams.get('code') ?? '')).json['scope']).toBe(
        'openid Item:read',
      )
      expectError(await alice.authorize({ ...query, prompt: 'none' }), 'consent_required')
      expect(boxesOf(await alice.authorize({ ...query, prompt: 'consent' }))).toEqual(['Item:read', 'Item:write'])
    })

    it('required ones have no box; optional ones that change something start unticked', async () => {
      const scopes = 'openid Item:read Item:write Item:print'
      const own = await register(provider, { scopes, required_scopes: 'Item:read', optional_scopes: 'Item:write Item:print' })
      const page = await alice.authorize(request(own, { scope: scopes }))
      expect(boxesOf(page)).toEqual(['Item:write', 'Item:print'])
      expect(readConsent(page)['scope']).toEqual(expect.arrayContaining(['openid', 'Item:read', 'Item:print']))
      expect(readConsent(page)['scope']).not.toContain('Item:write')
      const answer = await alice.post(APPROVE, { ...readConsent(page), scope: [], decision: 'allow' })
      expect((await swap(provider, own, answer.location?.searchParams.get('code') ?? '')).json['scope']).toBe('openid Item:read')
    })

    it('F10 a DocType made again under its old name must be granted again', async () => {
      await provider.documents.insert(ADMINISTRATOR, 'DocType', [doctype('Crate')])
      const own = await register(provider, { scopes: 'openid Crate:read' })
      const query = request(own, { scope: 'openid Crate:read' })
      await connect(provider, alice, own, { scope: 'openid Crate:read' })
      expect((await alice.authorize(query)).status).toBe(303)
      const [grant] = await provider.grants.list(user, own.id)
      expect(JSON.parse(grant!.doctype_ids)).toEqual({ Crate: provider.doctypes.get('Crate')?.id })
      await provider.documents.remove(ADMINISTRATOR, { doctype: 'DocType', name: 'Crate' })
      await provider.documents.insert(ADMINISTRATOR, 'DocType', [doctype('Crate')])
      const page = await alice.authorize(query)
      expect(page.status).toBe(200)
      expect(boxesOf(page)).toEqual(['Crate:read'])
    })

    it('a scope that is named often counts once', async () => {
      const { access } = await connect(provider, alice, app, { scope: Array(300).fill('openid').join(' ') })
      expect((await me(provider, access)).json['scopes']).toEqual(['openid'])
    })

    it('openid alone says what an app of old reads with it, at consent and in My apps, in the words of the scope that it stands for', async () => {
      const filters = { row_filters: JSON.stringify({ Item: [['title', '=', 'North']] }) }
      const old = await register(provider, { app_name: 'Old Connector', scopes: 'openid Item:read', openid_acts_as_all: 1, ...filters })
      const page = await alice.authorize(request(old, { scope: 'openid' }))
      const words = page.text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
      expect(words).toContain('It is an older app: by knowing who you are it may also, in your name: Read every kind of document')
      expect(words).toContain('Title is North (set by an administrator of this site)')
      const { access } = await connect(provider, alice, old, { scope: 'openid' })
      expect((await me(provider, access)).json['scopes']).toEqual(['openid', '*:read'])
      for (const path of ['/my-apps', `/my-apps/${old.id}`]) {
        const shown = await alice.get(path)
        expect(shown.text).toContain('Read every kind of document')
      }
      const [plain, wide] = [
        await register(provider, { scopes: 'openid' }),
        await register(provider, { scopes: 'openid *:read', openid_acts_as_all: 1 }),
      ]
      for (const reply of [
        await alice.authorize(request(plain, { scope: 'openid' })),
        await alice.authorize(request(wide, { scope: 'openid *:read' })),
        await alice.authorize(request(old, { scope: 'Item:read' })),
      ])
        expect(reply.text).not.toContain('It is an older app')
    })

    it('a trusted client with a secret is not asked for', async () => {
      const trusted = await register(provider, { skip_authorization: 1 })
      const reply = await alice.authorize(request(trusted))
      expect(reply.location?.searchParams.get('code')).toBeTruthy()
      expect((await alice.authorize(request(trusted, { prompt: 'consent' }))).status).toBe(200)
    })
  })
})
