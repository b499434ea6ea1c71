import { pathOf } from '../../../support/callers/api.ts'
import { get, lackingRows, list, post, send, type Lacking } from './acts.fixture.ts'
import type { SiteRow } from './site-stage.fixture.ts'
import { closedRows, type Closed } from './closed.fixture.ts'
import { ALICE, MIA, SCOPES, doctype } from './trading.fixture.ts'

/** Whatever stands there: who may not write is not compared with. */
const NOW = '2026-01-01 00:00:00.000000'
const KEYS = 'frappe.core.doctype.user.user.generate_keys'
const OWN = { parent: ALICE, parenttype: 'User', parentfield: 'roles', role: 'System Manager' }

/** Of a System Manager: what `all` does not open, because it would let an app take over the site. */
const FENCED: readonly Lacking[] = [
  [
    'F06',
    'all sets no password, not even the user’s own',
    'all',
    send('PUT', pathOf('User', MIA), { new_password: 'An-0ther-password' }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all gives no role',
    'all',
    send('PUT', pathOf('User', ALICE), { roles: [{ role: 'System Manager' }] }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all makes no user',
    'all',
    send('POST', pathOf('User'), { email: 'eve@example.com', first_name: 'Eve' }),
    'User:create',
    'create User',
  ],
  ['F06', 'all removes no user', 'all', send('DELETE', pathOf('User', ALICE)), 'User:delete', 'remove User'],
  ['F06', 'all reads no user', 'all', send('GET', pathOf('User', ALICE)), 'User:read', 'read User'],
  ['F06', 'all makes no role', 'all', send('POST', pathOf('Role'), { role_name: 'Mine' }), 'Role:create', 'create Role'],
  [
    'F06',
    'all makes no app',
    'all',
    send('POST', pathOf('OAuth Client'), { app_name: 'x', default_redirect_uri: 'https://x.example/cb' }),
    'OAuth.Client:create',
    'create OAuth Client',
  ],
  [
    'F06',
    'all lifts no fence',
    'all',
    (api, { app: { id } }) => api.send('PUT', pathOf('OAuth Client', id), { unfenced: 1 }),
    'OAuth.Client:write',
    'update OAuth Client',
  ],
  ['F06', 'all reads no tokens', 'all', list('OAuth Bearer Token'), 'OAuth.Bearer.Token:read', 'list OAuth Bearer Token'],
  [
    'F06',
    'all takes no restriction off',
    'all',
    send('POST', pathOf('User Permission'), { user: MIA, allow: 'Item', for_value: 'Bolt' }),
    'User.Permission:create',
    'create User Permission',
  ],
  ['F06', 'all makes no DocType', 'all', send('POST', pathOf('DocType'), doctype('Mine')), 'DocType:create', 'create DocType'],
  [
    'F06',
    'all changes no DocType',
    'all',
    send('PUT', pathOf('DocType', 'Item'), { permissions: [{ role: 'Guest', read: 1 }] }),
    'DocType:write',
    'update DocType',
  ],
  ['F06', 'all removes no DocType', 'all', send('DELETE', pathOf('DocType', 'Item')), 'DocType:delete', 'remove DocType'],
  ['F06', 'all makes no API key', 'all', send('POST', `/api/method/${KEYS}`, { user: MIA }), 'User:write', `${KEYS} User`],
  ['F06', 'all sees no roles of others', 'all', list('Has Role', { parent: 'User' }), 'User:read', 'list User'],
  ['F06', 'all sees no permissions', 'all', list('DocPerm', { parent: 'DocType' }), 'DocType:read', 'list DocType'],
  ['F06', '*:read is fenced like all', '*:read', list('User'), 'User:read', 'list User'],
  [
    'F06',
    '*:read reads no app',
    '*:read',
    (api, { app: { id } }) => api.send('GET', pathOf('OAuth Client', id)),
    'OAuth.Client:read',
    'read OAuth Client',
  ],
  [
    'F06',
    'a method scope opens the method and no document',
    'method:frappe.core.*',
    send('PUT', pathOf('User', ALICE), {}),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all sets no password by a method',
    'all',
    post('frappe.client.set_value', { doctype: 'User', name: MIA, fieldname: 'new_password', value: 'An-0ther-one' }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'nor by version 2',
    'all',
    send('PATCH', `/api/v2/document/User/${MIA}`, { new_password: 'An-0ther-one' }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'nor by saving',
    'all',
    post('frappe.client.save', { doc: { doctype: 'User', name: MIA, new_password: 'An-0ther-one', modified: NOW } }),
    'User:write',
    'update User',
  ],
  [
    'F06',
    'all gives no role by a row',
    'all',
    post('frappe.client.insert', { doc: { doctype: 'Has Role', ...OWN } }),
    'User:write',
    'update Has Role',
  ],
  ['F06', 'nor by a row at an address', 'all', send('POST', pathOf('Has Role'), OWN), 'User:write', 'update Has Role'],
  [
    'F06',
    'all gives no right by a row',
    'all',
    send('POST', pathOf('DocPerm'), { parent: 'Item', parenttype: 'DocType', parentfield: 'permissions', role: 'Guest', read: 1 }),
    'DocType:write',
    'update DocPerm',
  ],
  [
    'F06',
    'all renames no user',
    'all',
    post('frappe.client.rename_doc', { doctype: 'User', old_name: ALICE, new_name: 'eve@example.com' }),
    'User:write',
    'rename User',
  ],
  [
    'F06',
    'all makes no way in',
    'all',
    send('POST', pathOf('Social Login Key'), { provider_name: 'Evil' }),
    'Social.Login.Key:create',
    'create Social Login Key',
  ],
  [
    'F06',
    'all changes no settings of apps',
    'all',
    send('PUT', pathOf('OAuth Settings', 'OAuth Settings'), { api_access: 'On' }),
    'OAuth.Settings:write',
    'update OAuth Settings',
  ],
  [
    'F06',
    'all makes no user among many',
    'all',
    post('frappe.client.insert_many', {
      docs: [
        { doctype: 'Item', title: 'New' },
        { doctype: 'User', email: 'eve@example.com' },
      ],
    }),
    'User:create',
    'create User',
  ],
  ['F06', 'all shows nothing of a user behind a link', 'all', list('Item', { fields: ['maker.email'] }), 'User:read', 'list User'],
  [
    'F06',
    'all shares nothing',
    'all',
    post('frappe.share.add', { doctype: 'Item', name: 'Bolt', user: ALICE, read: 1 }),
    'Item:share',
    'frappe.share.add Item',
  ],
  [
    'F06',
    'all reads no password of a document',
    'all',
    get('frappe.client.get_password', { doctype: 'User', name: MIA, fieldname: 'api_secret' }),
    'method:frappe.client.get_password',
    'frappe.client.get_password',
  ],
  ['F06', 'all reads no versions of users', 'all', list('Version'), 'Version:read', 'list Version'],
  [
    'F06',
    '*:write gives no role',
    '*:write',
    send('PUT', pathOf('User', ALICE), { roles: [{ role: 'System Manager' }] }),
    'User:write',
    'update User',
  ],
]

/** A name that the database might take for another is another DocType, or none. */
const OTHER_WRITINGS: readonly Closed[] = ['user', 'USER', 'User ', ' User', 'tabUser', 'Uſer', 'User/', 'User.User'].map((name) => [
  'F06',
  `all opens no user as ${JSON.stringify(name)}`,
  'all',
  send('GET', pathOf(name)),
  404,
  'DoesNotExistError',
])

export const fenceRows: readonly SiteRow[] = lackingRows(MIA, SCOPES, FENCED)
export const otherWritingRows: readonly SiteRow[] = closedRows(MIA, SCOPES, OTHER_WRITINGS)
