import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeUpstream } from '@annex/connector/testing'
import { around, run } from '../../support/clients/run.ts'
import { installRecipe } from '../../support/clients/install-recipe.ts'
import { NotInstalled, orReason } from '../../support/clients/install-once.ts'
import { installPacked } from '../../support/packed-connector.ts'
import { adapterRules, WEBHOOK_SECRET } from '../adapters/adapter-rules.ts'
import { freeAddress, type RunningApp } from '../adapters/apps.ts'

// An app of Next's, built and started as anybody would, with the packed connector among its packages.

const next = await orReason(installRecipe('next'))
const missing = next instanceof NotInstalled
const quiet = { NEXT_TELEMETRY_DISABLED: '1', TURBOPACK_ROOT: String(next), NODE_OPTIONS: '' }

let folder: string
let site: FakeUpstream
beforeAll(async () => {
  if (missing) return
  folder = await mkdtemp(join(next, 'app-'))
  await cp(new URL('site/', import.meta.url), folder, { recursive: true })
  const stub = await readFile(new URL('../adapters/stub-connector.ts', import.meta.url), 'utf8')
  await writeFile(join(folder, 'stub-connector.mjs'), stripTypeScriptTypes(stub))
  await installPacked(folder)
  const built = await run(process.execPath, [join(next, 'node_modules/next/dist/bin/next'), 'build'], quiet, folder)
  expect(built, built.stdout + built.stderr).toMatchObject({ code: 0 })
}, 300_000)
afterAll(() => (missing ? undefined : rm(folder, { recursive: true, force: true })))

async function start(upstream: FakeUpstream): Promise<RunningApp> {
  site = upstream
  const url = await freeAddress()
  const { port, hostname } = new URL(url)
  const words = [join(String(next), 'node_modules/next/dist/bin/next'), 'start', '--port', port, '--hostname', hostname]
  const env = {
    ...around(),
    ...quiet,
    APP: url,
    ISSUER: site.issuer,
    CLIENT: site.client.id,
    SECRET: site.client.secret,
    WEBHOOK: WEBHOOK_SECRET,
  }
  const child = spawn(process.execPath, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  await ready(child)
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit')
  }
  return { url, close }
}

/** @throws {Error} with what Next said, when it ends before it listens */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`Next did not start:\n${said.join('')}`)))
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said.push(text)
        if (said.join('').includes('Ready in')) resolve()
      })
  })
}

describe.skipIf(missing)(`the adapter for Next${missing ? `: ${next.message}` : ''}`, () => {
  let app: RunningApp
  adapterRules(async (upstream) => (app = await start(upstream)))

  test('a page of the app knows who is signed in', async () => {
    expect(await (await fetch(`${app.url}/page`)).text()).toContain('<p>nobody</p>')
  })
})
