import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { frameworks, type Framework } from '../../../packages/create-annex-app/src/answers.ts'
import { vendored, type Vendored } from '../../../packages/create-annex-app/src/vendored.ts'
import { NotInstalled } from '../../support/clients/install-once.ts'
import { around, run } from '../../support/clients/run.ts'
import { freePort } from '../../support/free-port.ts'
import { createApp, dependencies, installedVersions, type CreatedApp } from './created-app.fixture.ts'

const installed = await dependencies()
const missing = installed instanceof NotInstalled
const reason = missing ? `: ${installed.message}` : ''
/** Building a Next app takes both cores most of a minute. */
const BUILD_MS = 300_000

describe.skipIf(missing)(`A created app${reason}`, () => {
  const site = new FakeUpstream()
  let packed: Vendored
  let listening: Awaited<ReturnType<FakeUpstream['listen']>>
  beforeAll(async () => {
    packed = await vendored()
    site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
    listening = await site.listen()
  })
  afterAll(() => listening.close())

  describe.each(frameworks)('of the framework %s', (framework) => {
    let app: CreatedApp
    beforeAll(async () => {
      app = await createApp(framework, site.issuer, String(installed), packed)
    })
    afterAll(() => app.remove())

    test('asks for the versions that are tested here', async () => {
      expect(await installedVersions()).toMatchObject(app.asked)
    })

    test('has tests that pass', async () => {
      const ran = await run(process.execPath, ['--test'], {}, app.folder)
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
      expect(ran.stdout).toMatch(/pass (?:[5-9]|\d\d)$/m)
    })

    test(
      'starts, registers itself, signs a person in and offers customers of the site',
      async () => {
        const running = await start(framework, app.folder)
        try {
          const browser = new TestBrowser((request) => over(running.url, request), site, running.url)
          const page = await browser.visit('/')
          expect(Object.fromEntries(page.headers)).toMatchObject(guarded)
          expect(await page.text()).toMatch(new RegExp(`>${framework}-app</h1>.*Sign in with your account`, 's'))
          expect((await browser.signIn()).headers.get('location')).toBe(`${running.url}/`)
          const found = (await (await browser.visit('/connect/links/Customer?q=palm')).json()) as { readonly items: unknown }
          expect(found.items).toMatchObject([{ value: 'CUST-1', label: 'Palmer Productions' }])
          const note = { method: 'POST', body: new URLSearchParams({ customer: 'CUST-1', text: 'called' }) }
          expect((await browser.visit('/notes', note)).status).toBe(303)
          const long = new URLSearchParams({ customer: 'CUST-1', text: 'x'.repeat(11_000) })
          expect((await browser.visit('/notes', { ...note, body: long })).status).toBe(413)
          const json = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }
          expect((await browser.visit('/notes', json)).status).toBe(415)
          expect(await (await browser.visit('/?wrong=Call+the+bank')).text()).not.toContain('role="alert"')
          expect(await isReachable(running.url, foreign)).toBe(false)
          const kept = await browser.visit('/')
          expect(kept.status).toBe(200)
          expect(await kept.text()).toContain('Palmer Productions')
          const nobody = await browser.visit('/notes', { ...note, body: new URLSearchParams({ customer: 'CUST-9', text: 'called' }) })
          const refused = nobody.status === 303 ? await browser.visit(nobody.headers.get('location')!) : nobody
          expect(await refused.text()).toContain('role="alert">Choose a customer from the list.')
          await site.revoke()
          const ended = await browser.visit('/notes', note)
          const { status, headers } = ended
          expect([status, headers.get('location')?.split('?')[0]], await ended.text()).toEqual([303, `${running.url}/connect/login`])
        } finally {
          await running.stop()
        }
      },
      BUILD_MS,
    )

    test('has a Dockerfile that says: as nobody special, from a lock, without its secrets', async () => {
      const dockerfile = await readFile(join(app.folder, 'Dockerfile'), 'utf8')
      expect(dockerfile).toMatch(/^FROM node:24-slim/)
      expect(dockerfile).toMatch(/^RUN npm ci/m)
      expect(dockerfile).toMatch(/^USER node$/m)
      expect((await readFile(join(app.folder, '.dockerignore'), 'utf8')).split('\n')).toEqual(
        expect.arrayContaining(['.env', 'data/', 'node_modules/']),
      )
    })
  })
})

/** An address of this computer that others can reach, where it has one. */
const foreign = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** What keeps pages out of frames and caches. */
const guarded = {
  'cache-control': expect.stringContaining('no-store') as string,
  'content-security-policy': expect.stringMatching(/script-src 'self'.*frame-ancestors 'none'/) as string,
  'x-content-type-options': 'nosniff',
}

interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** Starts it as `npm start` does, without npm between. */
async function start(framework: Framework, folder: string): Promise<Running> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const env = { ...around(), PORT: String(port), APP_URL: url, NEXT_TELEMETRY_DISABLED: '1' }
  if (framework === 'next') {
    const built = await run(process.execPath, ['node_modules/next/dist/bin/next', 'build'], env, folder)
    expect(built.code, built.stdout + built.stderr).toBe(0)
  }
  const words = framework === 'next' ? ['start.cjs'] : ['src/main.ts']
  const child = spawn(process.execPath, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  await untilSaid(child, framework === 'next' ? /Ready in/ : / is at /)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    },
  }
}

/** @throws {Error} with what it said, when it ends before it listens */
async function untilSaid(child: ChildProcess, sign: RegExp): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += text.toString()
      if (sign.test(said)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', () => reject(new Error(`The app did not start:\n${said}`)))
  })
}

async function over(url: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const body = request.method === 'POST' ? await request.text() : undefined
  const { method, headers } = request
  return fetch(`${url}${pathname}${search}`, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) })
}

/** Whether it listens on another address of this computer, as it does when it listens on all of them. */
async function isReachable(url: string, host = '127.0.0.2'): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), host)
  const isOpen = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false)
  socket.destroy()
  return isOpen
}
