import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { form, registerApp, type App } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import { bareEnvironment, startSite, type RunningSite } from '../../support/site.ts'

// The example of a command line, as a process, against a site.

const PROGRAM = fileURLToPath(new URL('../../../examples/cli-device/main.ts', import.meta.url))
const ADA = { email: 'ada@example.com', first_name: 'Ada', new_password: 'Corr3ct-horse-ada' }

let site: RunningSite
let folder: string
let app: App
let ada: Visitor
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-cli-'))
  site = await startSite('sqlite')
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('User', ADA)
  app = await registerApp(admin, { kind: 'native', app_name: 'Terminal', scopes: 'openid email' })
  ada = await new Visitor(site.url).signIn(ADA.email, ADA.new_password)
})
afterAll(async () => {
  await site?.close()
  await rm(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs the program to its end; `onCode` is given the address with the code in it. */
async function run(onCode: (address: string) => Promise<unknown> = () => Promise.resolve()): Promise<Ran> {
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM, site.url, app.id], {
    env: { ...bareEnvironment(), XDG_STATE_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  let shown = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.push(text)
      const address = /^or open (\S+)$/m.exec(said.join(''))?.[1]
      if (address === undefined || shown) return
      shown = true
      onCode(address).catch((error: unknown) => {
        said.push(String(error))
        child.kill()
      })
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: said.join('') }
}

test('a person who refuses on the page ends the program with a sentence', async () => {
  const { code, output } = await run(async (address) => ada.press(await ada.get(address), 'deny'))
  expect(code).toBe(1)
  expect(output).toContain('You did not allow the app to use your account')
})

test('a person enters the code on a page of the site, and is not asked again until access has ended', async () => {
  const first = await run(async (address) => ada.press(await ada.get(address)))
  expect(first.output).toMatch(/^Open http:\S+ and enter \S+\nor open \S+\nHello, ada@example\.com\n$/)
  expect(first.code).toBe(0)

  const file = join(folder, 'cli-device/token')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const kept = await readFile(file, 'utf8')
  const [, , refresh] = JSON.parse(kept) as [string, string, string]
  expect(first.output).not.toContain(refresh)

  const second = await run()
  expect(second.output).toBe('Hello, ada@example.com\n')
  const [, , next] = JSON.parse(await readFile(file, 'utf8')) as [string, string, string]
  expect(next).not.toBe(refresh)

  expect((await form(site.url, 'revoke_token', { token: next, client_id: app.id })).status).toBe(200)
  const third = await run(async (address) => ada.press(await ada.get(address)))
  expect(third.output).toMatch(/^Open [^]*Hello, ada@example\.com\n$/)
})
