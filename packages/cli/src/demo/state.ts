import { createServer } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** What the demo remembers between starts, in `.annex/demo.json`. */
export interface DemoState {
  readonly sitePort: number
  readonly appPort: number
  /** The company was made to its end; anything less is begun anew. */
  readonly made: boolean
  readonly clientId?: string
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

/** The wanted port when it is free, else one that is. */
export async function freePort(wanted: number, host: string): Promise<number> {
  return (await tryPort(wanted, host)) ?? (await tryPort(0, host)) ?? wanted
}

function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((found) => {
    const probe = createServer()
    probe.once('error', () => found(undefined))
    probe.listen(port, host, () => {
      const address = probe.address()
      probe.close(() => found(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}
