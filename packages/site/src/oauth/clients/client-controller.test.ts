import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, REDIRECT, connect, me, person, register } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const DOCTYPE = 'OAuth Client'
const good = { app_name: 'Field Sales', scopes: 'openid all', redirect_uris: REDIRECT, default_redirect_uri: REDIRECT }

describe.each(engines)('an OAuth Client on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const insert = async (values: object): Promise<Record<string, unknown>> => {
    const [document] = await provider.documents.insert(ADMINISTRATOR, DOCTYPE, [{ ...good, ...values }])
    return document!
  }

  it('gets its id, its secret once, and the role of the desk', async () => {
    const document = await insert({ client_secret: 'chosen by the caller', client_id: 'chosen too' })
    expect(document).toMatchObject({
      app_name: 'Field Sales',
      client_id: document['name'],
      enabled: 1,
      kind: 'web',
      grant_type: 'Authorization Code',
      response_type: 'Code',
    })
    expect(document['client_secret']).toMatch(/^annex_cs_[A-Za-z0-9_-]{43}$/)
    expect(document['allowed_roles']).toMatchObject([{ role: 'Desk User' }])
    const stored = await provider.documents.read(ADMINISTRATOR, { doctype: DOCTYPE, name: String(document['name']) })
    expect(stored['client_secret']).toBeNull()
    const updated = await provider.documents.update(ADMINISTRATOR, {
      doctype: DOCTYPE,
      name: String(document['name']),
      values: { app_name: 'Other', client_id: 'x' },
    })
    expect(updated).toMatchObject({ app_name: 'Other', client_id: document['name'], client_secret: null })
  })

  it.each<[values: object, excType: string, sentence: RegExp]>([
    [{ default_redirect_uri: '' }, 'MandatoryError', /default_redirect_uri|Default Redirect URI/i],
    [{ response_type: 'Token' }, 'ValidationError', /Combination of Grant Type/],
    [{ redirect_uris: `${REDIRECT}#x` }, 'ValidationError', /fragment/],
    [{ default_redirect_uri: 'http://app.example.com/cb' }, 'ValidationError', /must be https/],
    [{ redirect_uris: `${REDIRECT}\njavascript:alert(1)` }, 'ValidationError', /scheme javascript:/],
    [{ scopes: 'openid Ghost:read' }, 'ValidationError', /DocType Ghost/],
    [{ scopes: 'openid Ghost:*' }, 'ValidationError', /DocType Ghost/],
    [{ scopes: 'openid set:all' }, 'ValidationError', /set:all names a set that OAuth Settings do not have/],
    [{ scopes: ' ' }, 'MandatoryError', /Scopes/],
    [{ required_scopes: 'Item:read' }, 'ValidationError', /Item:read in required_scopes/],
    [{ rotation_leeway: 61 }, 'ValidationError', /0 to 60/],
    [{ kind: 'public', unfenced: 1 }, 'ValidationError', /unfenced/],
  ])('with %j is refused', async (values, excType, sentence) => {
    await expect(insert(values)).rejects.toMatchObject({ excType, message: expect.stringMatching(sentence) as string })
  })

  it('without a secret has none and always uses PKCE', async () => {
    const document = await insert({ kind: 'public' })
    expect(document).toMatchObject({ client_secret: null, require_pkce: 1 })
    const name = String(document['name'])
    await expect(provider.oauth.clients.rotateSecret(ADMINISTRATOR, name)).rejects.toMatchObject({ excType: 'PermissionError' })
    const { secret } = await provider.oauth.clients.update(ADMINISTRATOR, name, { kind: 'web' })
    expect(secret).toMatch(/^annex_cs_/)
    await provider.oauth.clients.update(ADMINISTRATOR, name, { kind: 'public' })
    expect(await provider.oauth.clients.listSecrets(ADMINISTRATOR, name)).toEqual([])
  })

  it('takes white space of any kind between redirect URIs and scopes', async () => {
    const { id } = await register(provider, { redirect_uris: `${REDIRECT}\r\nhttps://app.example.com/two\n`, scopes: 'openid\nItem:read' })
    const browser = await new Browser(provider).signIn(await person(provider))
    const page = await browser.authorize({
      client_id: id,
      redirect_uri: 'https://app.example.com/two',
      response_type: 'code',
      scope: 'openid Item:read',
    })
    expect(page.status).toBe(200)
  })

  it('takes its grants with it when it is removed', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app)
    await provider.documents.remove(ADMINISTRATOR, { doctype: DOCTYPE, name: app.id })
    expect((await me(provider, access)).status).toBe(401)
    expect(provider.events.at(-1)).toMatchObject({ event: 'grant.revoked', reason: 'client_removed', user })
    expect(await provider.grants.list(user)).toEqual([])
  })

  it('is for System Managers alone', async () => {
    const clerk = {
      user: 'clerk@example.com',
      roles: new Set(['All', 'Guest', 'Desk User']),
      userPermissions: [],
      sharedDoctypes: new Set<string>(),
    }
    await expect(provider.oauth.clients.insert(clerk, good)).rejects.toMatchObject({ excType: 'PermissionError' })
    const { id } = await register(provider)
    for (const act of [
      provider.oauth.clients.read(clerk, id),
      provider.oauth.clients.rotateSecret(clerk, id),
      provider.oauth.clients.retire(clerk, id),
      provider.oauth.clients.list(clerk),
      provider.oauth.clients.listSecrets(clerk, id),
    ]) {
      await expect(act).rejects.toMatchObject({ excType: 'PermissionError' })
    }
  })

  it('may have http on a host that the site names', async () => {
    const open = await openProvider(engine, { httpRedirectHosts: ['erp.lan'] })
    try {
      expect((await register(open, { redirect_uris: 'http://erp.lan/cb', default_redirect_uri: 'http://erp.lan/cb' })).id).toBeTruthy()
    } finally {
      await open.close()
    }
  })
})
