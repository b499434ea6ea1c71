import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { claimsOf, type Person } from './claims.ts'
import { Browser, INTROSPECT, PROFILE, connect, person, post, register } from './testing/app.fixture.ts'
import { openProvider, type Provider } from './testing/provider.fixture.ts'

const NAMES = ['name', 'given_name', 'family_name']
const FULL = ['sub', ...NAMES, 'email', 'picture', 'roles', 'iss']

// provider.md 0.11: the registered scopes say which habit an app has, the granted ones what it gets.
const ROWS: readonly (readonly [registered: string, granted: string, claims: readonly string[]])[] = [
  ['openid all', 'openid all', FULL],
  ['openid', 'openid', FULL],
  ['openid roles', 'openid', FULL],
  ['openid profile', 'openid', ['sub', 'iss']],
  ['openid email', 'openid', ['sub', 'iss']],
  ['openid profile email', 'openid profile', ['sub', ...NAMES, 'picture', 'iss']],
  ['openid profile email', 'openid email', ['sub', 'email', 'iss']],
  ['openid profile email roles', 'openid roles', ['sub', 'roles', 'iss']],
  ['openid profile email roles', 'openid profile email roles', FULL],
]

describe.each(engines)('claims on %s', (engine) => {
  let provider: Provider
  let alice: Browser
  let user: string

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  it.each(ROWS)(
    'of an app registered for “%s” and granted “%s” are %j: profile, introspection and id_token',
    async (scopes, scope, claims) => {
      const app = await register(provider, { scopes })
      const { access, idToken } = await connect(provider, alice, app, { scope })
      const profile = await post(provider, PROFILE, {}, { authorization: `Bearer ${access}` })
      expect(Object.keys(profile.json)).toEqual(claims)
      const known = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
      expect(FULL.filter((claim) => claim in known.json)).toEqual(claims)
      const told = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
      expect(FULL.filter((claim) => claim in told)).toEqual(claims)
      expect([profile.json['sub'], known.json['sub']]).toEqual([told['sub'], told['sub']])
      if (claims.includes('email')) expect(profile.json['email']).toBe(user)
    },
  )

  it('are not told without openid', async () => {
    const app = await register(provider, { scopes: 'openid profile Item:read' })
    const { access } = await connect(provider, alice, app, { scope: 'profile Item:read' })
    expect((await post(provider, PROFILE, {}, { authorization: `Bearer ${access}` })).status).toBe(403)
    const known = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(known.json).not.toHaveProperty('name')
    expect(known.json).not.toHaveProperty('sub')
  })
})

describe('claims of a person', () => {
  const ANN: Person = {
    sub: 's',
    fullName: 'Ann Lee',
    firstName: 'Ann',
    lastName: 'Lee',
    email: 'ann@example.com',
    picture: '/files/ann.png',
    roles: ['All', 'Desk User'],
  }
  const ISSUER = 'https://site.example'

  it('say it in Frappe’s order and words', () => {
    const claims = claimsOf(ANN, new Set(['openid']), { scopes: ['openid'] }, ISSUER)
    expect(Object.entries(claims)).toEqual([
      ['sub', 's'],
      ['name', 'Ann Lee'],
      ['given_name', 'Ann'],
      ['family_name', 'Lee'],
      ['email', 'ann@example.com'],
      ['picture', `${ISSUER}/files/ann.png`],
      ['roles', ['All', 'Desk User']],
      ['iss', ISSUER],
    ])
  })

  it('have no address where the name is none', () => {
    const { email: _, ...nameless } = ANN
    expect(claimsOf(nameless, new Set(['email']), { scopes: ['openid', 'email'] }, ISSUER)).toEqual({ sub: 's', iss: ISSUER })
  })
})

describe('the picture among claims', () => {
  const SAM: Person = { sub: 's', fullName: 'Sam', firstName: 'Sam', lastName: null, picture: null, roles: [] }
  const pictureOf = (picture: string | null): unknown =>
    claimsOf({ ...SAM, picture }, new Set(['openid']), { scopes: ['openid'] }, 'https://site.example').picture

  it.each([
    ['/files/sam.png', 'https://site.example/files/sam.png'],
    ['https://other.example/sam.png', 'https://other.example/sam.png'],
    ['javascript:alert(1)', null],
    ['http://other.example/sam.png', 'http://other.example/sam.png'],
    ['https://', null],
    ['', null],
    [null, null],
  ])('%j is told as %j', (stored, told) => {
    expect(pictureOf(stored)).toBe(told)
  })
})
