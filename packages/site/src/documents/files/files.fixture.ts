import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { Api, readReply, type Reply } from '../../../../../tests/support/callers/api.ts'
import { connect, registerApp } from '../../../../../tests/support/callers/connected-app.ts'
import { Visitor } from '../../../../../tests/support/callers/visitor.ts'
import type { Engine } from '../../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../../tests/support/site.ts'

const PASSWORD = 'Corr3ct-horse-people'
const INVOICE = {
  name: 'Invoice',
  module: 'Trading',
  custom: 1,
  autoname: 'prompt',
  allow_rename: 1,
  fields: [
    { fieldname: 'subject', fieldtype: 'Data', label: 'Subject' },
    { fieldname: 'scan', fieldtype: 'Attach', label: 'Scan' },
    { fieldname: 'margin', fieldtype: 'Attach', label: 'Margin', permlevel: 1 },
  ],
  permissions: [
    { role: 'Seller' },
    { role: 'Seller', permlevel: 1, read: 1, write: 1 },
    { role: 'Auditor', read: 1, select: 1, write: 0, create: 0, delete: 0 },
  ],
}
export type Fields = Readonly<Record<string, string>>
export type File = Readonly<Record<string, string | number>>

export interface FileSite {
  readonly site: RunningSite
  /** Sellers: they may do all with invoices. */
  readonly ann: Api
  readonly bob: Api
  /** Has no role. */
  readonly eve: Api
  /** Reads invoices, below their level 1. */
  readonly auditor: Api
  readonly admin: Api
  readonly guest: Api
  /** Makes a person. */
  readonly person: (name: string, roles: readonly string[]) => Promise<Api>
  /** Ann makes an invoice of this name. */
  readonly invoice: (name: string) => Promise<string>
  /** An app that ann granted these scopes. */
  readonly token: (scopes: string) => Promise<Api>
}

/** A site whose files may have one MiB, with people who may do this and that to invoices. */
export async function startFileSite(engine: Engine): Promise<FileSite> {
  const site = await startSite(engine, { ANNEX_MAX_FILE_SIZE: '1' })
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  for (const role of ['Seller', 'Auditor']) await admin.insert('Role', { role_name: role, desk_access: 1 })
  await admin.insert('DocType', INVOICE)
  const person: FileSite['person'] = async (name, roles) => {
    const email = `${name}@example.com`
    await admin.insert('User', { email, first_name: name, new_password: PASSWORD, roles: roles.map((role) => ({ role })) })
    return Api.signIn(site.url, email, PASSWORD)
  }
  const ann = await person('ann', ['Seller'])
  return {
    site,
    admin,
    ann,
    bob: await person('bob', ['Seller']),
    eve: await person('eve', []),
    auditor: await person('auditor', ['Auditor']),
    guest: new Api(site.url),
    person,
    invoice: async (name) => String((await ann.insert('Invoice', { name, __newname: name }))['name']),
    token: async (scopes) => {
      const app = await registerApp(admin, { scopes })
      const { access } = await connect(await new Visitor(site.url).signIn('ann@example.com', PASSWORD), app, scopes)
      return Api.byToken(site.url, access)
    },
  }
}

/** A multipart upload, as browsers and programs send it. */
export async function upload(
  api: Api,
  content: string | Buffer,
  name: string,
  fields: Fields = {},
  path = '/api/method/upload_file',
): Promise<Reply> {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  form.append('file', new Blob([new Uint8Array(Buffer.from(content))]), name)
  const headers = { accept: 'application/json', ...api.headers }
  return readReply(await fetch(api.base + path, { method: 'POST', headers, body: form }))
}

export const fileOf = (reply: Reply): File => {
  expect(reply.text).toContain('"message"')
  return reply.body['message'] as File
}

export const fetchFile = (api: Api, url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(api.base + encodeURI(url), { ...init, headers: { ...api.headers, ...(init.headers as Fields) } })

/** The path as it is written, where `fetch` would tidy it up; with a length, the headers of an upload and none of its body. */
export function raw(base: string, path: string, headers: Fields = {}): Promise<Response> {
  const { hostname, port } = new URL(base)
  const method = 'content-length' in headers ? 'POST' : 'GET'
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers: { accept: 'application/json', ...headers } }, (answer) => {
      const told = { 'content-type': answer.headers['content-type'] ?? '' }
      text(answer).then((body) => resolve(new Response(body, { status: answer.statusCode ?? 0, headers: told })), reject)
    })
    asked.on('error', reject)
    if (method === 'GET') asked.end()
    else asked.flushHeaders()
  })
}
