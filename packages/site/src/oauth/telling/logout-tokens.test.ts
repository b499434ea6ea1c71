import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { Received } from '../../webhooks/receiver.fixture.ts'
import { Browser, REVOKE, connect, person, post } from '../testing/app.fixture.ts'
import { PASSWORD } from '../testing/provider.fixture.ts'
import { TellingProvider, type ToldApp } from './telling.fixture.ts'

describe.each(engines)('the sign-out of an app on %s', (engine) => {
  let site: TellingProvider
  let user: string
  let alice: Browser

  beforeEach(async () => {
    site = await TellingProvider.open(engine)
    user = await person(site.provider)
    alice = await new Browser(site.provider).signIn(user)
  })
  afterEach(() => site.close())

  const listening = (values = {}): Promise<ToldApp> => site.register({ backchannel_logout_uri: `${site.app.url}/logout`, ...values })
  const judge = async ({ body, headers }: Received, app: ToldApp): Promise<JWTPayload> => {
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    const token = new URLSearchParams(body).get('logout_token') ?? ''
    const keys = createRemoteJWKSet(new URL(`${site.provider.base}/.well-known/jwks.json`))
    const asked = { issuer: site.provider.base, audience: app.id, typ: 'logout+jwt', maxTokenAge: 120 }
    return (await jwtVerify(token, keys, asked)).payload
  }

  it.each([
    ['the user takes the app’s access away', () => site.provider.grants.revoke({ user }, 'user_revoked')],
    ['a System Manager ends the grant', () => site.provider.grants.revoke({ user }, 'admin_revoked')],
    ['the user is disabled', () => site.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })],
    [
      'the password is changed',
      () => site.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: `${PASSWORD}2` } }),
    ],
  ])('is told when %s', async (_what, act) => {
    const app = await listening()
    const { idToken } = await connect(site.provider, alice, app)
    await act()
    const token = await judge((await site.app.heard(1))[0]!, app)
    expect([token.sub, token['sid']]).toEqual([decodeJwt(idToken).sub, decodeJwt(idToken)['sid']])
  })

  it('is told when they sign out of this site', async () => {
    const app = await listening()
    const { idToken } = await connect(site.provider, alice, app)
    await alice.get('/api/method/logout')
    const token = await judge((await site.app.heard(1))[0]!, app)
    expect([token.sub, token['sid']]).toEqual([decodeJwt(idToken).sub, decodeJwt(idToken)['sid']])
  })

  it('is not told of what the app did itself, nor of a session that never came to it', async () => {
    const app = await listening()
    const { access } = await connect(site.provider, alice, app)
    await post(site.provider, REVOKE, { token: access, client_id: app.id, client_secret: app.secret })
    const elsewhere = await new Browser(site.provider).signIn(user)
    await elsewhere.get('/api/method/logout')
    expect(await site.provider.telling.deliveries.list(ADMINISTRATOR, app.id)).toEqual([])
  })
})
