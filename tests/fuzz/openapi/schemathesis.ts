import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonPrograms } from '../../support/clients/python.ts'
import { run, type Ran } from '../../support/clients/run.ts'

const near = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The folder of the fuzzer's programs; the reason where there is no Python. */
export const schemathesis = pythonPrograms(near('requirements.txt'))

export interface Pass {
  /** The site, and what its callers send with each request. */
  readonly url: string
  readonly authorization: string
  readonly phases: string
  /** Requests for each operation where values are drawn at random. */
  readonly examples: number
  readonly seed: number
  /** More of its arguments. */
  readonly rest: readonly string[]
}

/** Reads the site's OpenAPI document as this caller sees it, and sends what that makes it think of. Its exit code is 0 when all was well. */
export async function fuzz(bin: string, { url, authorization, phases, examples, seed, rest }: Pass): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-fuzz-'))
  const [config, address, header] = [near('schemathesis.toml'), `${url}/api/openapi.json`, `Authorization: ${authorization}`]
  const chosen = ['--phases', phases, '-n', String(examples), '--seed', String(seed)]
  try {
    return await run(join(bin, 'st'), ['--config-file', config, 'run', address, '-H', header, ...chosen, '--no-color', ...rest], {}, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
