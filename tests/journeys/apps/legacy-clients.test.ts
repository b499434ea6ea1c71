import { createHash } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Browser,
  TOKEN,
  ask,
  post,
  request,
  swap,
  tokensOf,
  type App,
  type Reply,
} from '../../../packages/site/src/oauth/testing/app.fixture.ts'
import { Api, type Values } from '../../support/callers/api.ts'
import { engines } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const REDIRECT = 'https://app.example.com/cb'
const crate = {
  name: 'Crate',
  module: 'Stock',
  custom: 1,
  autoname: 'field:title',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 }],
  permissions: [{ role: 'System Manager' }],
}

/** A connector of 2018: signs in with `openid` alone, asks whose its token is, reads documents, refreshes with the token alone. */
describe.each(engines)('an app of old that cannot be changed, on %s', (engine) => {
  let site: RunningSite
  let served: { base: string }
  let admin: Browser
  let sam: Browser
  let lenient: App
  let strict: App

  const create = (name: string, values: Values): Promise<Values> => new Api(served.base, admin.headers()).insert(name, values)
  const register = async (values: Values): Promise<App> => {
    const client = await create('OAuth Client', {
      app_name: 'Connector',
      scopes: 'openid all',
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
      ...values,
    })
    return { id: String(client['client_id']), secret: String(client['client_secret']) }
  }
  const exchange = async (app: App, values: Record<string, string> = {}, more: Record<string, string> = {}): Promise<Reply> =>
    swap(served, app, await sam.code(request(app, { scope: 'openid', ...values })), more)
  const call = (token: string, path: string, method = 'GET', values?: object): Promise<Reply> =>
    ask(served, path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(values ? { 'content-type': 'application/json' } : {}) },
      ...(values ? { body: JSON.stringify(values) } : {}),
    })

  beforeAll(async () => {
    site = await startSite(engine)
    served = { base: site.url }
    admin = await new Browser(served).signIn('Administrator', site.adminPassword)
    await create('DocType', crate)
    await create('Crate', { title: 'C1' })
    await create('User', {
      email: 'sam@example.com',
      first_name: 'Sam',
      new_password: 'Corr3ct-horse-battery',
      roles: [{ role: 'System Manager' }],
    })
    sam = await new Browser(served).signIn('sam@example.com')
    const legacy = { openid_acts_as_all: 1, refresh_without_secret: 1, token_document: 1, hs256_id_token: 1, short_verifier: 1 }
    lenient = await register(legacy)
    strict = await register({})
  })
  afterAll(() => site.close())

  it('reads the document of its own token by its text, and finds no refresh token in it', async () => {
    const tokens = tokensOf(await exchange(lenient))
    const path = `/api/resource/OAuth%20Bearer%20Token/${tokens.access}`
    const own = await call(tokens.access, path)
    expect(own.status, own.text).toBe(200)
    expect(own.json['data']).toMatchObject({ user: 'sam@example.com', client: lenient.id, scopes: 'openid', status: 'Active' })
    expect(own.text).not.toContain(tokens.refresh)
    expect(own.text).not.toContain(tokens.access)
    const other = tokensOf(await exchange(lenient))
    for (const refused of [await call(other.access, path), await call(other.access, '/api/resource/OAuth%20Bearer%20Token')])
      expect(refused.status).toBe(403)
    const plain = tokensOf(await exchange(strict))
    expect((await call(plain.access, `/api/resource/OAuth%20Bearer%20Token/${plain.access}`)).status).toBe(403)
  })

  it('reads with openid what its user may, within the fence, and writes nothing', async () => {
    const { access } = tokensOf(await exchange(lenient))
    expect((await call(access, '/api/resource/Crate')).json['data']).toEqual([{ name: 'C1' }])
    expect((await call(access, '/api/resource/Crate/C1')).status).toBe(200)
    expect((await call(access, '/api/resource/Crate', 'POST', { title: 'C2' })).status).toBe(403)
    expect((await call(access, '/api/resource/User')).status).toBe(403)
    const plain = tokensOf(await exchange(strict))
    expect((await call(plain.access, '/api/resource/Crate')).status).toBe(403)
  })

  it('refreshes with its token and id alone', async () => {
    const tokens = tokensOf(await exchange(lenient))
    const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh }
    expect((await post(served, TOKEN, { ...fields, client_id: lenient.id })).status).toBe(200)
    const plain = tokensOf(await exchange(strict))
    expect((await post(served, TOKEN, { ...fields, refresh_token: plain.refresh, client_id: strict.id })).status).toBe(401)
  })

  it('checks its id_token with its secret', async () => {
    const { idToken } = tokensOf(await exchange(lenient))
    const { payload, protectedHeader } = await jwtVerify(idToken, Buffer.from(lenient.secret), { issuer: site.url, audience: lenient.id })
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(payload.sub).toEqual(expect.any(String))
    expect(JSON.parse(Buffer.from(tokensOf(await exchange(strict)).idToken.split('.')[0]!, 'base64url').toString())).toMatchObject({
      alg: 'ES256',
    })
  })

  it('may have a verifier of three characters', async () => {
    const code_challenge = createHash('sha256').update('420').digest('base64url')
    const challenge = { code_challenge, code_challenge_method: 'S256' }
    expect((await exchange(lenient, challenge, { code_verifier: '420' })).status).toBe(200)
    expect((await exchange(strict, challenge, { code_verifier: '420' })).json).toMatchObject({ error: 'invalid_request' })
  })

  it('has each of that shown to nobody but whom it was made for: a public app cannot get it', async () => {
    const values = {
      app_name: 'x',
      scopes: 'openid',
      redirect_uris: REDIRECT,
      default_redirect_uri: REDIRECT,
      kind: 'public',
      token_document: 1,
    }
    await expect(create('OAuth Client', values)).rejects.toThrow(/only an app that keeps a secret/)
  })
})
