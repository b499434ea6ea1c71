import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Connector, Session } from '@annex/connector'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { createElement, type ComponentType } from 'react'
import { renderToString } from 'react-dom/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { fencesIn } from './fences.ts'

// Guides of a piece of an app, which runs within an app of ours. The site and the app have the addresses that the guides name.
const SITE = 'https://erp.example.com'
const APP = 'https://shop.example.com'
const root = fileURLToPath(new URL('../..', import.meta.url))

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'annex-pieces-'))
  await symlink(join(root, 'node_modules'), join(home, 'node_modules'))
  await writeFile(join(home, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(home, { recursive: true, force: true }))

let site: FakeUpstream
let folder: string
let connector: Connector
let browser: TestBrowser
beforeEach(() => {
  site = new FakeUpstream({ issuer: SITE })
  site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
  vi.stubGlobal('fetch', site.fetch)
})
afterEach(() => void vi.unstubAllGlobals())

/** Writes the files of a guide out, for the app that the fake site knows, and opens the guide's own connector. */
async function open(guide: string): Promise<void> {
  folder = join(home, `${guide}-${crypto.randomUUID()}`)
  await mkdir(folder)
  for (const { file, text } of fencesIn(await readFile(join(root, `docs/guides/connector/${guide}.md`), 'utf8'))) {
    if (file !== undefined)
      await writeFile(join(folder, file), text.replace("'shop'", `'${site.client.id}'`).replace("'secret'", `'${site.client.secret}'`))
  }
  connector = ((await load('connector.ts')) as { readonly connector: Connector }).connector
  browser = new TestBrowser((request) => connector.handler(request), site, APP)
}

const load = (file: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)

async function signedIn(): Promise<Session> {
  await browser.signIn()
  return (await connector.session(browser.request()))!
}

describe('The code of link-fields.md', () => {
  interface Saving {
    readonly customerToSave: (session: Session, name: string) => Promise<unknown>
    readonly labelsOf: (session: Session, names: readonly string[]) => Promise<readonly string[]>
  }
  beforeEach(() => open('link-fields'))

  test('offers what the site has, and keeps what it was called', async () => {
    const session = await signedIn()
    const answer = await browser.visit('/connect/links/Customer?q=pal')
    expect(await answer.json()).toMatchObject({ items: [{ value: 'CUST-1', label: 'Palmer Productions' }], source: 'upstream' })
    site.faults.down = true
    const { labelsOf } = (await load('save.ts')) as Saving
    expect(await labelsOf(session, ['CUST-1', 'CUST-2'])).toEqual(['Palmer Productions', 'CUST-2'])
  })

  test('says what may be saved: what is there, and neither what is not nor what nobody can tell of', async () => {
    const session = await signedIn()
    const { customerToSave } = (await load('save.ts')) as Saving
    expect(await customerToSave(session, 'CUST-1')).toEqual({ name: 'CUST-1' })
    expect(await customerToSave(session, 'CUST-2')).toEqual({ sentence: 'Choose a customer from the list.' })
    site.faults.down = true
    expect(await customerToSave(session, 'CUST-3')).toEqual({ sentence: 'The site is away, and you have not seen this customer before.' })
  })

  test.each([
    ['visit-form.tsx', 'VisitForm', {}],
    ['own-looks.tsx', 'CustomerField', { value: 'CUST-1', onChange: () => undefined }],
  ])('%s shows a field that people and their helpers can use', async (file, name, props) => {
    const part = (await load(file)) as Readonly<Record<string, ComponentType<object>>>
    const html = renderToString(createElement(part[name]!, props))
    expect(html).toContain('role="combobox"')
    expect(html).toContain('>Customer')
  })
})

describe('The code of scripts.md', () => {
  beforeEach(() => open('scripts'))

  const credit = async (headers: Readonly<Record<string, string>>, method = 'GET', name = 'CUST-1'): Promise<Response> => {
    const piece = (await load('credit.ts')) as { credit(request: Request): Promise<Response> }
    return piece.credit(new Request(`${APP}/api/credit?customer=${name}`, { method, headers: { origin: SITE, ...headers } }))
  }

  test('lets the scripts of the site ask, and no others', async () => {
    const asked = await credit({ 'access-control-request-method': 'GET' }, 'OPTIONS')
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, SITE])
    const others = await credit({ origin: 'https://evil.example.com', 'access-control-request-method': 'GET' }, 'OPTIONS')
    expect([others.status, others.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  test('answers whose token it is, and refuses in words that the script can read', async () => {
    expect((await credit({})).status).toBe(401)
    await browser.signIn()
    const [, token] = /data-token="([^"]+)"/.exec(await (await browser.visit('/connect/script')).text())!
    const answer = await credit({ authorization: `Bearer ${token}` })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, SITE])
    expect(await answer.json()).toEqual({ customer: 'CUST-1', rating: 'good' })
    const refused = await credit({ authorization: `Bearer ${token}` }, 'GET', 'CUST-2')
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, SITE])
    expect(await refused.json()).toEqual({ message: expect.stringMatching(/CUST-2/) as string })
  })
})

describe('The code of signing-in.md', () => {
  interface StepUp {
    readonly answerTo: (error: unknown) => Response
    readonly askForInvoices: () => string
  }
  beforeEach(() => open('signing-in'))

  test('leads back to where somebody was, and lets who is signed in pass', async () => {
    const { signInFor } = (await load('return.ts')) as { readonly signInFor: (request: Request) => Promise<Response | undefined> }
    const away = await signInFor(browser.request('/visits/7?tab=notes'))
    expect(away?.status).toBe(303)
    const back = await browser.signIn(away!.headers.get('location')!)
    expect(back.headers.get('location')).toBe(`${APP}/visits/7?tab=notes`)
    expect(await signInFor(browser.request('/visits/7'))).toBeUndefined()
  })

  test('asks for a right that was not given, and for one before it is needed', async () => {
    const { answerTo, askForInvoices } = (await load('step-up.ts')) as StepUp
    site.faults.unticked = ['Customer:read']
    const session = await signedIn()
    const read = () => connector.connection(session).client.read('Customer', 'CUST-1')
    const refused = answerTo(await read().catch((error: unknown) => error))
    const [, url = ''] = /href="([^"]+)"/.exec(await refused.text()) ?? []
    const stepUp = url.replaceAll('&#38;', '&')
    expect([refused.status, new URL(stepUp).searchParams.get('scope')]).toEqual([403, 'Customer:read'])
    site.faults.unticked = []
    await browser.signIn(stepUp)
    expect(await read()).toMatchObject({ name: 'CUST-1' })
    expect(Object.fromEntries(new URL(askForInvoices()).searchParams)).toEqual({
      scope: 'Sales.Invoice:create',
      return_to: '/invoices/new',
    })
  })

  test('says in words what no sign-in mends, and hides no fault of its own', async () => {
    const { answerTo } = (await load('step-up.ts')) as StepUp
    const session = await signedIn()
    site.faults.down = true
    const away = answerTo(
      await connector
        .connection(session)
        .client.user()
        .catch((error: unknown) => error),
    )
    expect([away.status, await away.text()]).toEqual([503, `The site at ${SITE} cannot be reached: try again later`])
    const fault = new TypeError('a bug')
    expect(() => answerTo(fault)).toThrow(fault)
  })
})
