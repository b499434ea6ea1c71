import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NotInstalled, installOnce, orReason } from './install-once.ts'
import { run } from './run.ts'

const CLIENTS = fileURLToPath(new URL('../../acceptance/python/requirements.txt', import.meta.url))

/** The folder of the published Python clients' programs: `fcn`, `tap-erpnext`, `erpnext-mcp`, `python`. */
export const pythonClients = (): Promise<string | NotInstalled> => pythonPrograms(CLIENTS)

/** The folder of the programs that a requirements file brings, in a virtual environment of their own; the reason where there is no Python. */
export const pythonPrograms = (requirements: string): Promise<string | NotInstalled> => orReason(install(requirements))

async function install(requirements: string): Promise<string> {
  const folder = await installOnce('python', await readFile(requirements, 'utf8'), (empty) => makeEnvironment(empty, requirements))
  return join(folder, 'bin')
}

async function makeEnvironment(folder: string, requirements: string): Promise<void> {
  await step('python3', ['-m', 'venv', folder])
  await step(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])
}

async function step(path: string, args: readonly string[]): Promise<void> {
  const ran = await run(path, args).catch((error: unknown) => ({ code: -1, stderr: String(error) }))
  if (ran.code !== 0) throw new NotInstalled(`the Python programs cannot be installed: ${lastLine(ran.stderr)}`)
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
