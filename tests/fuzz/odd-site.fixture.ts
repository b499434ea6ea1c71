import { Api } from '../support/callers/api.ts'
import { connect, registerApp } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import type { Engine } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import type { World } from './odd-requests.ts'

const PASSWORD = 'corr3ct-horse-battery'
const field = (fieldname: string, fieldtype: string, more: object = {}): object => ({ fieldname, fieldtype, ...more })

const ODD_ROW = {
  name: 'Odd Row',
  module: 'Custom',
  istable: 1,
  fields: [field('word', 'Data'), field('amount', 'Currency'), field('link', 'Link', { options: 'Role' })],
}
/** A field of every kind. */
const ODD = {
  name: 'Odd',
  module: 'Custom',
  autoname: 'field:code',
  title_field: 'title',
  search_fields: 'choice,link',
  fields: [
    field('code', 'Data', { reqd: 1, unique: 1 }),
    field('title', 'Data'),
    field('whole', 'Int'),
    field('amount', 'Currency'),
    field('share', 'Percent'),
    field('day', 'Date'),
    field('moment', 'Datetime'),
    field('clock', 'Time'),
    field('choice', 'Select', { options: 'One\nTwo' }),
    field('flag', 'Check'),
    field('link', 'Link', { options: 'Odd' }),
    field('any_type', 'Link', { options: 'DocType' }),
    field('any_name', 'Dynamic Link', { options: 'any_type' }),
    field('payload', 'JSON'),
    field('long', 'Text'),
    field('rows', 'Table', { options: 'Odd Row' }),
    field('secret', 'Data', { permlevel: 1 }),
  ],
  permissions: [
    { role: 'System Manager', permlevel: 0 },
    { role: 'All', if_owner: 1 },
  ],
}

export interface OddSite {
  readonly site: RunningSite
  readonly world: World
}

/** A site with something to get wrong, and people with and without rights who do. */
export async function startOddSite(engine: Engine): Promise<OddSite> {
  const site = await startSite(engine, { ANNEX_LOG_LEVEL: 'error' })
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const doctype of [ODD_ROW, ODD]) await admin.insert('DocType', doctype)
  await admin.insert('Odd', { code: 'O-1', title: 'One', whole: 3, rows: [{ word: 'a', amount: 0.1 }] })
  await admin.insert('Odd', { code: 'O-2', link: 'O-1', day: '2026-01-31', moment: '2026-01-31 10:00:00' })
  await admin.insert('Role', { role_name: 'Clerk' })
  const manager = await keyOf(admin, 'manager@example.com', ['System Manager'])
  const nobody = await keyOf(admin, 'nobody@example.com', [])
  const app = await registerApp(admin, {
    scopes: 'openid all Odd:read',
    redirect_uris: 'https://app.example/callback',
    default_redirect_uri: 'https://app.example/callback',
  })
  const visitor = await new Visitor(site.url).signIn('manager@example.com', PASSWORD)
  const token = (await connect(visitor, { ...app, redirectUri: 'https://app.example/callback' }, 'openid all')).access
  const csrf = /name="csrf_token" value="([^"]+)"/.exec((await visitor.get('/connected-apps/new')).text)?.[1] ?? ''
  const session = [['cookie', visitor.jar.header() ?? '']] as const
  return { site, world: { callers: { manager, nobody, token: [['authorization', `Bearer ${token}`]], session }, client: app, csrf } }
}

async function keyOf(admin: Api, email: string, roles: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  await admin.insert('User', { email, first_name: 'Odd', new_password: PASSWORD, roles: roles.map((role) => ({ role })) })
  const keys = (await admin.post('frappe.core.doctype.user.user.generate_keys', { user: email })).body['message'] as {
    api_key: string
    api_secret: string
  }
  return [['authorization', `token ${keys.api_key}:${keys.api_secret}`]]
}
