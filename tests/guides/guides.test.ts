import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { runCommand } from '../../packages/connector/src/command/main.ts'
import { around, run } from '../support/clients/run.ts'
import { freePort } from '../support/free-port.ts'
import { fencesIn, type Fence } from './fences.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guides = join(root, 'docs/guides')
const ofConnector = (await readdir(join(guides, 'connector'))).filter((name) => name.endsWith('.md')).map((name) => `connector/${name}`)
const names = [...ofConnector, 'events.md']
const texts = await Promise.all(names.map((name) => readFile(join(guides, name), 'utf8')))
const all = names.map((name, at) => [name, fencesIn(texts[at]!)] as const)
const withCode = all.filter(([, fences]) => fences.some(({ file }) => file !== undefined))
const running = withCode.filter(([, fences]) => fences.some(({ isRun }) => isRun))

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'annex-guides-'))
  await symlink(join(root, 'node_modules'), join(home, 'node_modules'))
  await writeFile(join(home, 'package.json'), '{ "type": "module" }')
  for (const [name, fences] of withCode) await writeOut(folderOf(name), fences)
})
afterAll(() => rm(home, { recursive: true, force: true }))

const folderOf = (name: string): string => join(home, name.replace(/\.md$/, '').replaceAll('/', '-'))

async function writeOut(folder: string, fences: readonly Fence[]): Promise<void> {
  await mkdir(folder)
  for (const { file, text } of fences) {
    if (file === undefined) continue
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
}

test('guides there are for every framework, and their code says which file it is', () => {
  expect(running.map(([name]) => name).toSorted()).toEqual(['express', 'fastify', 'hono', 'node'].map((name) => `connector/${name}.md`))
  for (const [name, fences] of all)
    expect(
      fences.filter(({ language, file }) => /^(?:ts|js)x?$/.test(language) && file === undefined),
      name,
    ).toEqual([])
})

const pages = names.map((name, at) => [name, texts[at]!] as const)
test.each([...pages, ['../../examples/README.md', await readFile(join(root, 'examples/README.md'), 'utf8')] as const])(
  'links of %s lead somewhere',
  async (name, text) => {
    const targets = [...text.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, target]) => target!)
    for (const target of targets) {
      const [path = '', heading] = target.split('#')
      const file = join(guides, dirname(name), path)
      await expect(access(file), target).resolves.toBeUndefined()
      if (heading !== undefined) expect(headingsIn(await readFile(file, 'utf8')), target).toContain(heading)
    }
  },
)

const headingsIn = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, words]) =>
    words!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

test('every guide of a framework leads to what each line does, and to the examples', () => {
  for (const [name, text] of pages.filter(([page]) => /(node|express|fastify|hono|next)\.md$/.test(page))) {
    expect(text, name).toContain('(what-each-line-does.md)')
    expect(text, name).toContain('(../../../examples/README.md)')
  }
})

test('the code of the guides is right by its types', async () => {
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'dom'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    customConditions: ['source'],
    jsx: 'react-jsx',
    types: ['node'],
  }
  await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/**/*.ts', '*/**/*.tsx'] }))
  const { code, stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', home])
  expect(code, stdout).toBe(0)
})

describe.each(running)('The code of %s', (name, fences) => {
  let site: FakeUpstream
  let listening: Awaited<ReturnType<FakeUpstream['listen']>>
  let app: ChildProcess | undefined
  let url: string
  let settings: Readonly<Record<string, string>>
  beforeEach(async () => {
    site = new FakeUpstream()
    site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
    listening = await site.listen()
    url = `http://localhost:${await freePort()}`
    const data = await mkdtemp(join(folderOf(name), 'data-'))
    settings = {
      SITE_URL: site.issuer,
      CLIENT_ID: site.client.id,
      CLIENT_SECRET: site.client.secret,
      APP_URL: url,
      PORT: new URL(url).port,
      STORE: `sqlite:${join(data, 'connector.db')}`,
      KEYS: join(data, 'keys.json'),
    }
  })
  afterEach(async () => {
    await stop()
    await listening.close()
  })

  const begin = async (): Promise<void> => {
    app = await start(join(folderOf(name), fences.find(({ isRun }) => isRun)!.file!), settings)
  }
  async function stop(): Promise<void> {
    if (app === undefined) return
    app.kill('SIGKILL')
    await once(app, 'close')
    app = undefined
  }
  const createKeys = (): Promise<number> => runCommand(['keys', 'create', settings['KEYS']!], () => undefined)
  const newBrowser = (): TestBrowser => new TestBrowser(({ url: to, headers }) => fetch(to, { headers, redirect: 'manual' }), site, url)

  test('runs as it stands, signs a person in, and keeps them signed in when it starts anew', async () => {
    await createKeys()
    await begin()
    const browser = newBrowser()
    expect((await browser.visit('/')).headers.get('location')).toBe(`${url}/connect/login`)
    await browser.signIn()
    expect(await (await browser.visit('/')).json()).toMatchObject([{ name: 'CUST-1', customer_name: 'Palmer Productions' }])
    await stop()
    await begin()
    expect(await (await browser.visit('/')).json()).toMatchObject([{ name: 'CUST-1' }])
  })

  test('says that the site is away, and sends whose access has ended to sign in again', async () => {
    await createKeys()
    await begin()
    const browser = newBrowser()
    await browser.signIn()
    site.faults.down = true
    const answer = await browser.visit('/')
    expect([answer.status, await answer.text()]).toEqual([503, `The site at ${site.issuer} cannot be reached: try again later`])
    site.faults.down = false
    await site.revoke()
    const { status, headers } = await browser.visit('/')
    expect([status, headers.get('location')?.split('?')[0]]).toEqual([303, `${url}/connect/login`])
  })

  test('asks for a right that was not given by a link, and by no redirect that would go on for ever', async () => {
    await createKeys()
    await begin()
    site.faults.unticked = ['Customer:read']
    const browser = newBrowser()
    await browser.signIn()
    const refused = await browser.visit('/')
    const [stepUp = ''] = /http:\S+/.exec(await refused.text()) ?? []
    expect([refused.status, new URL(stepUp).searchParams.get('scope')]).toEqual([403, 'Customer:read'])
    site.faults.unticked = []
    await browser.signIn(stepUp)
    expect(await (await browser.visit('/')).json()).toMatchObject([{ name: 'CUST-1' }])
  })

  test('does not start without its keys, and says how they are made', async () => {
    await expect(begin()).rejects.toThrow(/keys\.json cannot be read: make it once with annex-connector keys create/)
  })
})

/** @throws {Error} with what it said, when it ends before it listens */
async function start(file: string, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=source', file], { env: { ...around(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    child.stdout.on('data', (text: Buffer) => (text.toString().includes('listening') ? resolve() : undefined))
    child.once('close', () => reject(new Error(`The guide's code did not start:\n${said}`)))
  })
  return child
}
