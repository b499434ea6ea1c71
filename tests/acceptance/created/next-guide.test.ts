import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { runCommand } from '../../../packages/connector/src/command/main.ts'
import { vendored } from '../../../packages/create-annex-app/src/vendored.ts'
import { fencesIn } from '../../guides/fences.ts'
import { NotInstalled } from '../../support/clients/install-once.ts'
import { around, run } from '../../support/clients/run.ts'
import { freePort } from '../../support/free-port.ts'
import { dependencies, layOutApp } from './created-app.fixture.ts'

const installed = await dependencies()
const missing = installed instanceof NotInstalled
const NEXT = 'node_modules/next/dist/bin/next'

// The guide's own text, built and started as its reader would; the guides of the other frameworks run in tests/guides.
describe.skipIf(missing)(`The guide of Next${missing ? `: ${installed.message}` : ''}`, () => {
  const site = new FakeUpstream()
  let listening: Awaited<ReturnType<FakeUpstream['listen']>>
  let app: Awaited<ReturnType<typeof layOutApp>>
  let child: ChildProcess | undefined
  beforeAll(async () => {
    site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
    listening = await site.listen()
    const page = await readFile(new URL('../../../docs/guides/connector/next.md', import.meta.url), 'utf8')
    const files = fencesIn(page).flatMap(({ file, text }) => (file === undefined ? [] : [[file, text] as const]))
    const manifest = JSON.stringify({ name: 'guide', private: true, type: 'module' })
    app = await layOutApp({ ...Object.fromEntries(files), 'package.json': manifest }, String(installed), await vendored())
  })
  afterAll(async () => {
    if (child?.kill('SIGKILL') === true) await once(child, 'close')
    await app?.remove()
    await listening?.close()
  })

  test('builds as it stands, where nothing is set yet, and then signs a person in', { timeout: 300_000 }, async () => {
    const quiet = { ...around(), NEXT_TELEMETRY_DISABLED: '1' }
    const built = await run(process.execPath, [NEXT, 'build'], quiet, app.folder)
    expect(built.code, built.stdout + built.stderr).toBe(0)

    await mkdir(join(app.folder, 'data'))
    await runCommand(['keys', 'create', join(app.folder, 'annex-keys.json')], () => undefined)
    const port = String(await freePort())
    const url = `http://localhost:${port}`
    const { id: CLIENT_ID, secret: CLIENT_SECRET } = site.client
    const settings = { SITE_URL: site.issuer, CLIENT_ID, CLIENT_SECRET, APP_URL: url, STORE: 'sqlite:data/connector.db' }
    const words = [NEXT, 'start', '-H', '127.0.0.1', '-p', port]
    child = spawn(process.execPath, words, { cwd: app.folder, env: { ...quiet, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
    await ready(child)
    const browser = new TestBrowser(({ url: to, headers }) => fetch(to, { headers, redirect: 'manual' }), site, url)
    expect((await browser.visit('/')).headers.get('location')).toBe(`${url}/connect/login`)
    await browser.signIn()
    expect(await (await browser.visit('/')).text()).toContain('Palmer Productions')
  })
})

/** @throws {Error} with what it said, when it ends before it listens */
async function ready(child: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text.toString()
      if (said.includes('Ready in')) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', () => reject(new Error(`Next did not start:\n${said}`)))
  })
}
