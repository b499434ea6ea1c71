import { once } from 'node:events'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What the demo remembers between starts, in `.annex/demo.json`. */
export interface DemoState {
  readonly sitePort: number
  readonly appPort: number
  /** The company was made to its end; anything less is begun anew. */
  readonly made: boolean
  /** The process that ran it last. */
  readonly pid?: number
}

export const siteUrl = (state: DemoState): string => `http://127.0.0.1:${state.sitePort}`
/** `localhost`, not 127.0.0.1: cookies do not tell ports apart, so the two sites need two hosts. */
export const appUrl = (state: DemoState): string => `http://localhost:${state.appPort}`

export function readState(path: string): DemoState | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DemoState
  } catch {
    return undefined
  }
}

export function writeJson(path: string, value: unknown, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode })
}

/** Whether that demo still runs: its process is there, and its site answers where it was. */
export async function isRunning(state: DemoState): Promise<boolean> {
  if (state.pid === undefined || !isProcess(state.pid)) return false
  const answer = await fetch(`${siteUrl(state)}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(2000) })
    .then((response) => response.json())
    .catch(() => undefined)
  return (answer as { issuer?: unknown } | undefined)?.issuer === siteUrl(state)
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The wanted port when it is free on every one of these addresses, else another that is. */
export async function freePort(wanted: number, addresses: readonly string[], not?: number): Promise<number> {
  for (const port of [wanted, 0, 0, 0]) {
    const found = await tryPort(port, addresses)
    if (found !== undefined && found !== not) return found
  }
  throw new Error(`No port is free on ${addresses.join(' and ')}: stop another program and try again`)
}

async function tryPort(wanted: number, addresses: readonly string[]): Promise<number | undefined> {
  let port: number | undefined = wanted
  for (const address of addresses) {
    port = await bind(port, address)
    if (port === undefined) return undefined
  }
  return port
}

/** The port that could be bound; a machine without such an address has every port of it free. */
async function bind(port: number, address: string): Promise<number | undefined> {
  const probe = createServer()
  try {
    await once(probe.listen(port, address), 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' ? port : undefined
  }
  const bound = probe.address()
  await new Promise((closed) => probe.close(closed))
  return typeof bound === 'object' && bound ? bound.port : undefined
}
