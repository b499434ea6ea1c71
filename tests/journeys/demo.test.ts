import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { demoFolder, DemoProgram, startDemo, type DemoFolder, type RunningDemo } from '../support/demo.ts'
import { Visitor } from '../support/callers/visitor.ts'

let made: DemoFolder
let firstOutput: string
let folder: DemoFolder
let running: RunningDemo[] = []
beforeAll(async () => {
  made = await demoFolder()
  const first = await startDemo(made.path)
  firstOutput = first.output()
  await first.stop()
})
afterAll(() => made.remove())
// Each test goes on from the first start in a folder of its own.
beforeEach(async () => {
  folder = await demoFolder(made)
})
afterEach(async () => {
  await Promise.all(running.map((demo) => demo.stop()))
  running = []
  await folder.remove()
})

async function start(...args: string[]): Promise<RunningDemo> {
  const demo = await startDemo(folder.path, ...args)
  running.push(demo)
  return demo
}

const modeOf = async (file: string): Promise<string> => ((await stat(join(folder.path, file))).mode & 0o777).toString(8)
const read = async (file: string): Promise<string> => (await readFile(join(folder.path, file), 'utf8')).trim()
const administrator = async (demo: RunningDemo): Promise<Api> =>
  Api.signIn(demo.siteUrl, 'Administrator', await read('demo-site/admin-password'))
const portOf = (url: string): number => Number(new URL(url).port)

async function count(api: Api, doctype: string): Promise<unknown> {
  return (await api.get('frappe.client.get_count', { doctype })).body['message']
}

/** Listens there, as another program might; undefined when somebody does already. */
async function occupy(port: number, address = '127.0.0.1'): Promise<Server | undefined> {
  const server = createServer()
  return once(server.listen(port, address), 'listening').then(
    () => server,
    () => undefined,
  )
}

/** Whether nothing listens on the demo's ports, on any address that a browser may try. */
async function isGone(...urls: string[]): Promise<boolean> {
  const servers = await Promise.all(urls.map((url) => occupy(portOf(url))))
  for (const server of servers) server?.close()
  return servers.every((server) => server !== undefined)
}

/** Which site the app holds each person's tokens for. */
function vaultIssuers(): unknown[] {
  const database = new Database(join(folder.path, 'field-sales/vault.db'), { readonly: true })
  try {
    return database.prepare('select issuer from connector_connection').pluck().all()
  } finally {
    database.close()
  }
}

/** Signs somebody in at the app: their browser at the app, with its cookies. */
async function enter({ siteUrl, appUrl }: RunningDemo, user: string, password: string): Promise<Visitor> {
  const app = new Visitor(appUrl)
  const away = await app.get('/connect/login')
  const back = await (await new Visitor(siteUrl).signIn(user, password)).allow(away.location!.href)
  await app.get(back.href)
  return app
}

it('the first start makes the company, says where everything is, and keeps secrets from others and out of its words', async () => {
  const [siteUrl = '', appUrl = ''] = firstOutput.match(/http:\S+:\d+(?=\s)/g) ?? []
  for (const words of ['sara@example.com', 'leo@example.com', 'nora@example.com', 'mia@example.com', 'What to try', `${siteUrl}/my-apps`])
    expect(firstOutput).toContain(words)
  expect([new URL(siteUrl).hostname, new URL(appUrl).hostname]).toEqual(['127.0.0.1', 'localhost'])
  const { clientSecret } = JSON.parse(await read('field-sales.json')) as { clientSecret: string }
  expect(firstOutput).not.toContain(clientSecret)
  expect(firstOutput).not.toContain(await read('demo-site/admin-password'))
  const files = ['field-sales.json', 'demo-site/admin-password', 'demo-site/keys.json', 'demo-site/site.db', 'field-sales/vault.db']
  for (const file of files) expect([file, await modeOf(file)]).toEqual([file, '600'])

  const admin = await administrator(await start())
  const documents = { Item: 200, Customer: 60, Supplier: 12, Contact: 24, 'Sales Invoice': 240, 'Purchase Invoice': 120, Company: 1 }
  for (const [doctype, number] of Object.entries(documents)) expect([doctype, await count(admin, doctype)]).toEqual([doctype, number])
  const fields = ['min(posting_date) as oldest', 'max(posting_date) as newest', 'sum(docstatus) as submitted']
  const [year] = (await admin.list('Sales Invoice', { fields })).body['data'] as [{ oldest: string; newest: string; submitted: number }]
  expect((Date.parse(year.newest) - Date.parse(year.oldest)) / 86_400_000).toBeGreaterThan(350)
  expect(year.submitted).toBe(0)
})

it('the next starts are at the same place and find what was there and who was signed in; a stop leaves no process', async () => {
  const demo = await start()
  expect(demo.output()).not.toContain('Making')
  expect(firstOutput).toContain(demo.siteUrl)
  expect(firstOutput).toContain(demo.appUrl)
  const sara = await enter(demo, 'sara@example.com', 'sara-visits-42')
  const second = new DemoProgram(folder.path)
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(/^annex: The demo runs already, at \S+ and \S+; stop it first \(process \d+\)\n$/)
  expect(await demo.stop()).toBe(0)
  expect(await isGone(demo.siteUrl, demo.appUrl)).toBe(true)
  const again = await start()
  expect([again.siteUrl, again.appUrl]).toEqual([demo.siteUrl, demo.appUrl])
  expect((await sara.get('/')).text).toContain('Hello, <strong>Sara Sales</strong>')
})

it('taken ports move both sites: it says so, who was signed in stays so, others can sign in, and the next start stays there', async () => {
  const before = await start()
  const leo = await enter(before, 'leo@example.com', 'leo-leads-42')
  await before.stop()
  const taken = await Promise.all([before.siteUrl, before.appUrl].map((url) => occupy(portOf(url))))
  try {
    const moved = await start()
    expect(moved.output()).toContain(
      `The primary site moves: port ${portOf(before.siteUrl)} is taken, so it runs on ${portOf(moved.siteUrl)} now`,
    )
    expect(moved.output()).toContain(`Field Sales moves: port ${portOf(before.appUrl)} is taken, so it runs on ${portOf(moved.appUrl)} now`)
    expect(portOf(moved.siteUrl)).not.toBe(portOf(before.siteUrl))
    expect(portOf(moved.appUrl)).not.toBe(portOf(before.appUrl))
    expect((await leo.get(`${moved.appUrl}/`)).text).toMatch(/Hello, <strong>Leo Lead<\/strong>(?![^]*(Access has ended|unreachable))/)
    expect((await leo.get(`${moved.appUrl}/connect/links/Visit.item?q=bolt`)).body).toMatchObject({ source: 'upstream' })
    const sara = await enter(moved, 'sara@example.com', 'sara-visits-42')
    expect((await sara.get('/')).text).toContain('Hello, <strong>Sara Sales</strong>')
    expect(vaultIssuers()).toEqual([moved.siteUrl, moved.siteUrl])
    await moved.stop()
    const after = await start()
    expect([after.siteUrl, after.appUrl]).toEqual([moved.siteUrl, moved.appUrl])
    expect(after.output()).not.toContain('moves')
  } finally {
    for (const server of taken) server?.close()
  }
})

it('--fresh begins anew at the same place; stopped halfway it leaves no process, and the next start begins anew too', async () => {
  const ports = JSON.parse(await read('demo.json')) as { sitePort: number; appPort: number }
  for (const words of [['--fresh'], []]) {
    const demo = new DemoProgram(folder.path, ...words)
    await demo.says('made 200 of')
    expect(JSON.parse(await read('demo.json'))).toMatchObject({ sitePort: ports.sitePort, appPort: ports.appPort, made: false })
    await expect(stat(join(folder.path, 'field-sales/vault.db'))).rejects.toThrow('ENOENT')
    expect(await isGone(`http://127.0.0.1:${ports.sitePort}`)).toBe(false)
    expect(await demo.stop()).toBe(0)
    expect(await isGone(`http://127.0.0.1:${ports.sitePort}`)).toBe(true)
  }
})
