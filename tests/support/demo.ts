import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from './site.ts'

export interface RunningDemo {
  readonly siteUrl: string
  readonly appUrl: string
  readonly pid: number
  /** What it has printed so far. */
  output(): string
  /** Ends it as an operator would, and resolves to its exit code. */
  stop(): Promise<number | null>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const demoProgram = join(root, 'packages/cli/src/demo/main.ts')

/** A folder for a demo, with ports in it that are free: the demo tries those first. */
export async function demoFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'annex-demo-'))
  const [sitePort, appPort] = await freePorts()
  await writeFile(join(path, 'demo.json'), JSON.stringify({ sitePort, appPort, made: false }))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Runs the demo as `npm start` does, and resolves when it has said where it is.
 *
 * @throws {Error} with what it printed when it ends before
 */
export async function startDemo(folder: string, ...args: string[]): Promise<RunningDemo> {
  const child = spawn(process.execPath, ['--conditions=source', demoProgram, ...args], { env: { ...bareEnvironment(), ANNEX_DEMO: folder } })
  const said: string[] = []
  const output = (): string => said.join('')
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const [siteUrl, appUrl] = await new Promise<string[]>((resolve, reject) => {
    child.stdout.on('data', () => {
      const [, site, app] = /Primary site +(\S+)\s+Field Sales +(\S+)[^]*begins anew/.exec(output()) ?? []
      if (site !== undefined && app !== undefined) resolve([site, app])
    })
    void ended.then(() => reject(new Error(`The demo did not start:\n${output()}`)))
  })
  return { siteUrl: siteUrl!, appUrl: appUrl!, pid: child.pid!, output, stop }
}

/** Two ports that are free on loopback, and not the same. */
async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()]
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** Runs Field Sales of a demo that has stopped, on its own. */
export async function startFieldSalesAlone(folder: string): Promise<{ stop(): Promise<void> }> {
  const { appPort } = JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')) as { appPort: number }
  const settings = { PORT: String(appPort), FIELD_SALES_CONFIG: join(folder, 'field-sales.json'), FIELD_SALES_DATA: join(folder, 'field-sales') }
  const child = spawn(process.execPath, ['--conditions=source', join(root, 'apps/field-sales/src/main.ts')], { env: { ...bareEnvironment(), ...settings } })
  await once(child.stdout, 'data')
  return {
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}
