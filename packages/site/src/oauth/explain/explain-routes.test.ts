import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import {
  Browser,
  ask,
  connect,
  person,
  register,
  request,
  swap,
  tokensOf,
  type App,
  type Reply,
  type Tokens,
} from '../testing/app.fixture.ts'
import { csrfOf, fieldsOf } from '../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('The page that explains, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  async function connected(scope: string): Promise<{ user: string; app: App; tokens: Tokens }> {
    const user = await person(provider)
    const app = await register(provider, { scopes: 'openid Item:*' })
    return { user, app, tokens: await connect(provider, await new Browser(provider).signIn(user), app, { scope }) }
  }

  it('has a page: for one incident, for an own app, for a token, and for who may not be told', async () => {
    const { user, app, tokens } = await connected('Item:read')
    const browser = await new Browser(provider).signIn(user)
    const page = await browser.get('/explain')
    expect(page.status).toBe(200)
    expect(page.text).toContain('Field Sales')
    const csrf_token = /name="csrf_token" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const post = (fields: Record<string, string>) => browser.post('/explain', { csrf_token, ...fields })
    const own = await post({ client: app.id, right: 'write', doctype: 'Item' })
    expect(own.text).toContain('It is refused')
    expect(own.text).toContain('do not cover Item:write')
    const byToken = await post({ token: tokens.access, right: 'read', doctype: 'Item' })
    expect(byToken.text).toContain('It is allowed now')
    expect(byToken.text).not.toContain(tokens.access)
    const incident = await provider.audit.refuse({
      event: 'scope refused',
      user,
      client: app.id,
      scope: 'Sales.Invoice:read',
      act: 'list Sales Invoice',
    })
    const found = await post({ incident })
    expect(found.text).toContain('list Sales Invoice')
    expect(found.text).toMatch(new RegExp(`name="incident"\\s+value="${incident}"`))
    expect((await browser.get(`/explain?incident=${incident}`)).text).toContain(`value="${incident}"`)
    const stranger = await new Browser(provider).signIn(await person(provider))
    const theirs = await stranger.post('/explain', {
      csrf_token: /name="csrf_token" value="([^"]*)"/.exec((await stranger.get('/explain')).text)?.[1] ?? '',
      incident,
    })
    expect(theirs.status).toBe(403)
    expect(theirs.text).toContain(`Ask a System Manager with this incident id: ${incident}`)
    expect(theirs.text).not.toContain('list Sales Invoice')
    expect((await post({ incident: '<script>' })).text).not.toContain('<script>')
    expect((await browser.post('/explain', { incident })).status).toBe(400)
    expect((await new Browser(provider).get('/explain')).location?.pathname).toBe('/login')
    expect((await ask(provider, '/explain', { headers: { authorization: `Bearer ${tokens.access}` } })).location?.pathname).toBe('/login')
  })

  describe('answers', () => {
    let user: string
    let app: App
    let mine: (fields: Record<string, string>) => Promise<Reply>
    let managers: (fields: Record<string, string>) => Promise<Reply>
    const asking = async (name: string): Promise<typeof mine> => {
      const browser = await new Browser(provider).signIn(name)
      const csrf_token = csrfOf(await browser.get('/explain'))
      return (fields) => browser.post('/explain', { csrf_token, ...fields })
    }

    beforeAll(async () => {
      ;({ user, app } = await connected('Item:read'))
      mine = await asking(user)
      managers = await asking(await person(provider, { roles: [{ role: 'System Manager' }] }))
    })

    const NO_QUESTION = 'Choose a right and name a DocType'
    const NO_APP = 'Choose one of your apps, or give an access token'
    const FOREIGN = 'This token is not of an app of yours; ask a System Manager'
    it.each<[fields: Record<string, string>, sentence: string]>([
      [{ right: 'paint', doctype: 'Item', client: 'c' }, NO_QUESTION],
      [{ right: 'read', doctype: ' ', client: 'c' }, NO_QUESTION],
      [{ right: 'read', doctype: 'Item' }, NO_APP],
      [{ right: 'read', doctype: 'Item', token: '  ' }, NO_APP],
      [{ right: 'read', doctype: 'Item', token: `at1_${'x'.repeat(43)}` }, FOREIGN],
      [
        { incident: '00000000-0000-4000-8000-000000000000' },
        'Ask a System Manager with this incident id: 00000000-0000-4000-8000-000000000000',
      ],
      [{ incident: 'x'.repeat(100) }, `Ask a System Manager with this incident id: ${'x'.repeat(60)}<`],
    ])('%j: %s', async (fields, sentence) => {
      const reply = await mine(fields)
      expect([reply.status, reply.text.includes(sentence)]).toEqual([403, true])
      expect(reply.text).not.toMatch(/It is refused|It is allowed now/)
    })

    it('keep what was asked, trimmed and cut', async () => {
      const reply = await mine({ client: app.id, right: 'write', doctype: ' Item ', name: 'n'.repeat(200) })
      expect(reply.status).toBe(200)
      expect(fieldsOf(reply, '/explain')).toEqual(expect.objectContaining({ incident: '' }))
      expect(reply.text).toContain('name="doctype" value="Item"')
      expect(reply.text).toContain(`name="name" value="${'n'.repeat(140)}"`)
      expect(reply.text).toMatch(new RegExp(`value="${app.id}"\\s+selected`))
      expect(reply.text).toMatch(/value="write"\s+selected/)
      expect((await mine({ client: app.id, doctype: 'Item' })).text).toMatch(/value="read"\s+selected[^]*/)
    })

    it('are about the document that was named, or about documents in general', async () => {
      expect((await mine({ client: app.id, right: 'read', doctype: 'Item', name: 'none' })).text).toContain('There is no Item none')
      expect((await mine({ client: app.id, right: 'read', doctype: 'Item' })).text).toContain('It is allowed now')
    })

    it('show a refusal with all that is known of it, to its user and to System Managers', async () => {
      const [{ id: grant } = { id: '' }] = await provider.grants.list(user, app.id)
      const refused = {
        event: 'scope refused',
        user,
        client: app.id,
        grant,
        scope: 'Item:write',
        act: 'update Item',
        reason: 'why',
        ip: '127.0.0.9',
      }
      const incident = await provider.audit.refuse(refused)
      for (const who of [mine, managers]) {
        const { status, text } = await who({ incident: ` ${incident} ` })
        expect(status).toBe(200)
        const facts = [...text.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^]*?)<\/dd>/g)].map(([, label, value = '']) => [
          label,
          value.replaceAll(/<[^>]*>/g, '').trim(),
        ])
        const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/) as string
        expect(facts).toEqual([
          ['What', 'scope refused'],
          ['How often', '1'],
          ['First', time],
          ['Last noted', time],
          ['User', user],
          ['App', app.id],
          ['From', '127.0.0.9'],
          ['Tried', 'update Item'],
          ['Lacking right', 'Item:write'],
          ['Reason', 'why'],
        ])
        expect(text).toContain('It is refused')
      }
      const bare = (await managers({ incident: await provider.audit.refuse({ event: 'sign-in refused' }) })).text
      expect([...bare.matchAll(/<dt>([^<]*)<\/dt>/g)].map(([, label]) => label)).toEqual(['What', 'How often', 'First', 'Last noted'])
      expect((await managers({ incident: '00000000-0000-4000-8000-000000000000' })).text).toContain(
        'There is no such incident; refusals are kept for 30 days',
      )
    })

    it('are sixty a minute, for each person alone', async () => {
      const [ann, ben] = [await asking(await person(provider)), await asking(await person(provider))]
      const statuses: number[] = []
      for (let asked = 0; asked < 61; asked += 1) statuses.push((await ann({ right: 'x' })).status)
      expect([statuses.slice(0, 60).every((status) => status === 403), statuses[60]]).toEqual([true, 429])
      expect((await ben({ right: 'x' })).status).toBe(403)
    })
  })

  it('leaves in the trail who was given tokens and who was refused them, and from where', async () => {
    const { user, app } = await connected('Item:read')
    const browser = await new Browser(provider).signIn(user)
    const code = await browser.code(request(app, { scope: 'Item:read' }))
    expect(tokensOf(await swap(provider, app, code)).access).toMatch(/^at/)
    expect((await swap(provider, app, 'ac1_wrong')).status).toBe(400)
    await provider.audit.flush()
    const entries = await provider.trail.latest({ client: app.id }, 50)
    expect(entries.find((entry) => entry.event === 'oauth.token.issued')).toMatchObject({
      user,
      ip: '127.0.0.1',
      detail: { grant_type: 'authorization_code', scope: 'Item:read' },
    })
    expect(entries.find((entry) => entry.event === 'oauth.token.refused')).toMatchObject({
      ip: '127.0.0.1',
      detail: { reason: 'invalid_grant', act: 'authorization_code' },
    })
    expect(entries.find((entry) => entry.event === 'oauth.grant.created')).toMatchObject({ user, ip: '127.0.0.1' })
  })
})
