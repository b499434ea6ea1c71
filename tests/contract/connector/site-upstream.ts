import { randomBytes } from 'node:crypto'
import { Api } from '../../support/callers/api.ts'
import { registerApp, type App } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import type { Engine } from '../../support/databases.ts'
import { startSite } from '../../support/site.ts'
import { Player } from '../player.ts'
import { readRecording } from '../recording.ts'
import { listen, type Listening } from './listening.ts'
import type { Person, UpstreamUnderTest } from './upstream-under-test.ts'

const emailOf = (person: Person): string => `${person}@example.com`
const passwordOf = (person: Person): string => `Corr3ct-horse-${person}`

/** The site of this repository, in a process of its own, with the recorded fixture. */
export async function openSite(engine: Engine): Promise<UpstreamUnderTest> {
  const site = await startSite(engine)
  const listening = await listen()
  const close = async (): Promise<void> => {
    await site.close()
    await listening.close()
  }
  try {
    const differences = await new Player(site.url, site.adminPassword).play(await readRecording('00-fixture'))
    if (differences.length > 0) throw new Error(`The fixture cannot be made: ${JSON.stringify(differences)}`)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    const { client, secret } = await registerListening(admin, listening)
    const browsers = new Map<Person, Visitor>()
    return {
      url: site.url,
      fetch,
      client,
      run: randomBytes(3).toString('hex'),
      credentials: async (person) => ({ apiKey: await apiKeyOf(admin, emailOf(person)) }),
      allow: async (url, choice) => {
        const visitor = await new Visitor(site.url).signIn(emailOf(choice.user), passwordOf(choice.user))
        browsers.set(choice.user, visitor)
        return allow(visitor, url, choice)
      },
      telling: {
        secret,
        tell: (app) => listening.tell(app),
        takeBack: (person) => takeBack(browsers.get(person)!, client.id),
        signOut: (person) => browsers.get(person)!.get('/api/method/logout'),
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function registerListening(admin: Api, { base }: Listening): Promise<{ readonly client: App; readonly secret: string }> {
  const own = { scopes: 'openid all Client:read', optional_scopes: 'Client:read' }
  const client = await registerApp(admin, own)
  const told = { event_uri: `${base}/events`, backchannel_logout_uri: `${base}/backchannel-logout` }
  const { event_secret: secret } = await admin.update('OAuth Client', client.id, told)
  return { client, secret: String(secret) }
}

/** As a click in the list of one's apps. */
async function takeBack(visitor: Visitor, clientId: string): Promise<void> {
  const csrf = /name="csrf_token" value="([^"]+)"/.exec((await visitor.get('/my-apps')).text)?.[1] ?? ''
  await visitor.post('/my-apps/revoke', { csrf_token: csrf, client_id: clientId })
}

async function apiKeyOf(admin: Api, user: string): Promise<string> {
  const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user })
  const { api_key: key, api_secret: secret } = body['message'] as { api_key: string; api_secret: string }
  return `${key}:${secret}`
}

/** Decides on the consent page. */
async function allow(visitor: Visitor, url: string, choice: Parameters<UpstreamUnderTest['allow']>[1]): Promise<string> {
  const { untick = [], deny = false } = choice
  if (!deny) return (await visitor.allow(url, untick)).href
  const { location } = await visitor.press(await visitor.get(url), 'deny')
  if (location === undefined) throw new Error('The site sends nobody back to the app')
  return location.href
}
