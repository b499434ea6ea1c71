import { beforeEach, expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import { openParts } from '../connector/site-parts.ts'
import { InvalidSignIn } from '../errors.ts'
import { createKeys, KeyRing } from '../sealing/key-ring.ts'
import { isOwnOrigin, OwnCookies, parseReturnTo, type HeadersOf } from './cookies.ts'
import { FlowCookies, type Pending } from './flow-cookie.ts'

const origin = 'https://app.test'
const store = memoryStore()
const sealer = new KeyRing(createKeys())
let now: number

const flows = (tenant: string, leases = store.of(tenant).leases): FlowCookies =>
  new FlowCookies({ tenant, cookies: new OwnCookies(origin, 'app'), sealer, leases, clock: () => now })
const pending = (tenant: string): Pending => ({
  tenant,
  state: crypto.randomUUID(),
  nonce: 'n',
  verifier: 'v',
  returnTo: '/',
  scopes: ['openid'],
  opener: null,
  startedAt: now,
})
const withCookies = (set: readonly string[]) => ({ headers: { cookie: set.map((line) => line.split(';')[0]!).join('; ') } })

beforeEach(() => {
  now = 1_000_000
})

test('J01 what was begun for one tenant does not open for another, though the cookie is the same', async () => {
  const begun = pending('blue')
  const request = withCookies(await flows('blue').begin(withCookies([]), begun))
  expect(await flows('blue').open(request, begun.state)).toEqual(begun)
  await expect(flows('red').open(request, begun.state)).rejects.toBeInstanceOf(InvalidSignIn)
  await expect(flows('').open(request, begun.state)).rejects.toBeInstanceOf(InvalidSignIn)
})

test('what was put under the cookie of another sign-in does not open', async () => {
  const [one, two] = [pending(''), pending('')]
  const [[first], [second]] = [await flows('').begin(withCookies([]), one), await flows('').begin(withCookies([]), two)]
  const swapped = `${first!.split('=')[0]!}=${second!.split(';')[0]!.split('=').slice(1).join('=')}`
  await expect(flows('').open(withCookies([swapped]), one.state)).rejects.toBeInstanceOf(InvalidSignIn)
})

test('ten minutes, and not one moment more', async () => {
  const begun = pending('')
  const request = withCookies(await flows('').begin(withCookies([]), begun))
  now += 599_999
  expect(await flows('').open(request, begun.state)).toEqual(begun)
  now += 1
  await expect(flows('').open(request, begun.state)).rejects.toBeInstanceOf(InvalidSignIn)
})

test('a state that was spent stays so when the clock of the store goes twice as fast', async () => {
  let storeNow = 0
  const { leases } = memoryStore({ clock: () => storeNow }).of('')
  const begun = pending('')
  await flows('', leases).spend(begun)
  storeNow = 1_199_999
  await expect(flows('', leases).spend(begun)).rejects.toBeInstanceOf(InvalidSignIn)
})

test('the cookies of a tenant, and of another app on the same host, are not taken for own ones', () => {
  const names = (cookies: OwnCookies): string => cookies.write('session', 'value', 1).split(';')[0]!
  const all = [
    new OwnCookies(origin, 'app'),
    new OwnCookies(origin, 'app', 'blue'),
    new OwnCookies(origin, 'app', 'blue_session'),
    new OwnCookies(origin, 'other'),
    new OwnCookies(origin, 'app.test:4200'),
  ]
  const request = withCookies(all.map(names))
  expect(new Set(all.map(names)).size).toBe(5)
  for (const cookies of all) expect([...cookies.read(request)]).toEqual([['session', 'value']])
})

test('two apps on one host that register themselves keep their sessions apart, also where its name is long', () => {
  const names = [8443, 8444].map((port) => {
    const options = { issuer: 'https://erp.test', keys: createKeys(), store: memoryStore(), scopes: { required: ['openid'] } }
    const client = { register: { name: 'CRM' }, redirectUri: `https://crm.field-sales.example.com:${port}/connect/callback` }
    return openParts({ ...options, client }, '', () => undefined)
      .cookies.write('session', 'value', 1)
      .split('=')[0]
  })
  expect(new Set(names).size).toBe(2)
})

test('a link with a long place to return to leads to the start, so that no browser is loaded with what servers refuse', async () => {
  const longest = `/${'a'.repeat(511)}`
  expect(parseReturnTo(longest, origin)).toBe(longest)
  for (const long of [`${longest}a`, `/?q=${'é'.repeat(100)}`, `/#${'a'.repeat(600)}`]) expect(parseReturnTo(long, origin)).toBe('/')
  const begun = { ...pending(''), returnTo: parseReturnTo(`/?${'\\'.repeat(509)}`, origin), scopes: ['openid', 'profile', 'email', 'all'] }
  expect(begun.returnTo).toHaveLength(511)
  const set = await flows('').begin(withCookies([]), begun)
  expect(set[0]!.length).toBeLessThan(2300)
})

test('a sign-in of very many rights keeps its cookie short by returning to the start', async () => {
  const scopes = Array.from({ length: 40 }, (_, at) => `Some DocType ${at}:read`)
  const begun = { ...pending(''), returnTo: `/${'a'.repeat(500)}`, scopes }
  const set = await flows('').begin(withCookies([]), begun)
  expect(set[0]!.split(';')[0]!.length).toBeLessThan(2100)
  expect(await flows('').open(withCookies(set), begun.state)).toEqual({ ...begun, returnTo: '/' })
})

test('headers of another realm or library are read as what they are: a page of elsewhere is none of this origin', () => {
  class Foreign {
    readonly #own = new Headers({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' })
    get(name: string): string | null {
      return this.#own.get(name)
    }
  }
  expect(isOwnOrigin({ headers: new Foreign() } as unknown as HeadersOf, origin)).toBe(false)
})
