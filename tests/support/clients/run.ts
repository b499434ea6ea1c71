import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type Environment = Readonly<Record<string, string>>

/** What a program finds around it: where programs are and where packages come from, and nothing of a site. */
export const around = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:ANNEX_|DATABASE_URL$|PORT$|NODE_OPTIONS$)/.test(name)))

/** Runs a program to its end. */
export async function run(path: string, args: readonly string[], env: Environment = {}, cwd?: string): Promise<Ran> {
  const child = spawn(path, args, { env: { ...around(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...(cwd ? { cwd } : {}) })
  const ended = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code: code ?? -1, stdout, stderr }
}
