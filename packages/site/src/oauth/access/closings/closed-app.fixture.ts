import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { GRANT, begin } from '../../device/device.fixture.ts'
import {
  Browser,
  INTROSPECT,
  TOKEN,
  connect,
  me,
  person,
  post,
  readConsent,
  register,
  renew,
  request,
  swap,
  type App,
  type Reply,
  type Tokens,
} from '../../testing/app.fixture.ts'
import type { Provider } from '../../testing/provider.fixture.ts'
import { Closings } from './closings.ts'

/** More than one change ends, and more than two batches. */
export const MANY = 110

/** An app of one user, with many grants from before, and of each way to get at a token one that is left to go. */
export interface ClosedApp {
  readonly app: App
  readonly user: string
  readonly browser: Browser
  readonly tokens: Tokens
  readonly code: string
  readonly deviceCode: string
  /** A consent page that is open. */
  readonly pending: Reply
  /** Of the app itself. */
  readonly own: string
}

const LISTENS = { event_uri: 'https://app.example.com/events', backchannel_logout_uri: 'https://app.example.com/out' }

export async function openApp(provider: Provider): Promise<ClosedApp> {
  const [user, robot] = [await person(provider), await person(provider)]
  const app = await register(provider, { kind: 'agent', service_user: robot, scopes: 'openid Item:read', ...LISTENS })
  await addGrants(provider, app, user, MANY)
  const browser = await new Browser(provider).signIn(user)
  const asked = request(app, { scope: 'openid Item:read' })
  const tokens = await connect(provider, browser, app, { scope: 'openid Item:read' })
  const code = await browser.code(asked)
  const deviceCode = await allowedDevice(provider, app, browser)
  const own = await ownToken(provider, app)
  const pending = await browser.authorize({ ...asked, prompt: 'consent' })
  return { app, user, browser, tokens, code, deviceCode, pending, own: String(own.json['access_token']) }
}

/** Grants that come before all others. */
export const addGrants = (provider: Provider, { id: client }: App, user: string, many: number): Promise<void> =>
  provider.database.transaction(async (connection) => {
    const grant = { client, user, requested: ['openid'], granted: ['openid'], rejected: [], doctypeIds: {}, authTime: 1 }
    for (let made = 0; made < many; made += 1) await provider.grants.insert(connection, grant)
  })

export const ownToken = (provider: Provider, app: App): Promise<Reply> =>
  post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret, scope: 'Item:read' })

async function allowedDevice(provider: Provider, app: App, browser: Browser): Promise<string> {
  const { json } = await begin(provider, app)
  const page = await browser.get(`/device?user_code=${encodeURIComponent(String(json['user_code']))}`)
  await browser.post('/device', { ...readConsent(page), decision: 'allow' })
  return String(json['device_code'])
}

/** What of all that still opens anything, by name: nothing, of one that was closed. */
export async function whatOpens(provider: Provider, { app, tokens, code, deviceCode, own }: ClosedApp): Promise<string[]> {
  const shown = { client_id: app.id, client_secret: app.secret }
  const asked = {
    call: (await me(provider, tokens.access)).status === 200,
    ownCall: (await me(provider, own)).status === 200,
    introspection: (await post(provider, INTROSPECT, { token: tokens.access, ...shown })).json['active'] === true,
    refresh: (await renew(provider, app, tokens.refresh)).status === 200,
    code: (await swap(provider, app, code)).status === 200,
    device: (await post(provider, TOKEN, { grant_type: GRANT, device_code: deviceCode, ...shown })).status === 200,
  }
  return Object.entries(asked).flatMap(([name, opens]) => (opens ? [name] : []))
}

/** What pages and JSON show as living. */
export async function whatIsShown({ oauth, grants, documents }: Provider, { app, user }: ClosedApp): Promise<object> {
  const filters = [{ fieldname: 'client', operator: '=', value: app.id } as const]
  const rows = await documents.list(ADMINISTRATOR, { doctype: 'OAuth Bearer Token', fields: ['status', 'user'], filters, limit: null })
  return {
    ofUser: (await grants.list(user, app.id)).length,
    ofApp: (await oauth.apps.listGrants(ADMINISTRATOR, app.id)).length,
    counted: await oauth.apps.countFor(ADMINISTRATOR, user),
    tokens: rows.filter((row) => row['status'] === 'Active' && row['user'] === user).length,
  }
}

export const NOTHING_SHOWN = { ofUser: 0, ofApp: 0, counted: 0, tokens: 0 }

/** The part of another process that ends what was closed, in small batches. */
export const anotherProcess = (provider: Provider, grants: Pick<Provider['grants'], 'revokeWithin'> = provider.grants): Closings =>
  new Closings({
    ...provider,
    grants,
    users: { principal: (user) => provider.principals.of(user) },
    onFault: (error) => void provider.faults.push(error),
    most: 40,
  })

/** Ends all of it as three processes at once, after one that was killed with a part of it done. */
export async function endTogether(provider: Provider): Promise<void> {
  const first = anotherProcess(provider)
  void first.run()
  await first.close()
  const others = [anotherProcess(provider), anotherProcess(provider)]
  await Promise.all(others.map((each) => each.run()))
  await Promise.all(others.map((each) => each.close()))
}
