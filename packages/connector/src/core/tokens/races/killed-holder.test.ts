import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { OAUTH_PATHS } from '@annex/protocol'
import { expect, test, vi } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import { homes, openHome } from './homes.fixture.ts'

const script = fileURLToPath(new URL('./renew.fixture.ts', import.meta.url))

test.concurrent.for(homes)(
  'D8 J07 a process that is killed while it renews (on %s) leaves the answer to the next, and nobody is signed out',
  { timeout: 60_000 },
  async (kind, { onTestFinished }) => {
    const home = await openHome(kind)
    // Twice what a site gives, for a machine that is busy; that the lease is shorter is tested beside `AccessTokens`.
    const site = new FakeUpstream({ leewayMs: 20_000 })
    const address = await site.listen()
    onTestFinished(async () => {
      await address.close()
      await home.remove()
    })
    const app = new TestApp(site, { store: home.store, fetch })
    await app.signIn()
    const connection = await app.connection()
    const rejected = await connection.token()
    const client = { issuer: site.issuer, clientId: site.client.id, secret: site.client.secret }
    const work = { ...client, vault: home.url, keys: app.keys, connection: connection.id, callers: 20, rejected }
    const open = async (): Promise<ChildProcess> => {
      const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify(work)], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      return child
    }
    const [doomed, ...others] = await Promise.all([open(), open(), open()])
    const begun = site.count(OAUTH_PATHS.token)
    site.faults.slowMs = 300
    doomed.stdin!.write('go\n')
    await vi.waitFor(() => expect(site.count(OAUTH_PATHS.token)).toBe(begun + 1), { interval: 5, timeout: 10_000 })
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    await vi.waitFor(() => expect(site.renewals).toBe(1), { timeout: 10_000 })
    site.faults.slowMs = 0
    const outputs = others.map((child) => text(child.stdout!))
    for (const child of others) child.stdin!.write('go\n')
    const [first, second] = (await Promise.all(outputs)).map((output) => JSON.parse(output) as string[])
    expect(first).toEqual([site.tokens('access')[1]])
    expect(second).toEqual(first)
    expect(site.renewals).toBe(1)
    expect(await connection.state()).toMatchObject({ state: 'active' })
  },
)
