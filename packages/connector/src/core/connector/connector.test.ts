import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./loaded-modules.fixture.ts', import.meta.url))

test('making a connector loads nothing that a sign-in alone needs, no store but memory, and nothing of Node', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', script])
  const loaded = JSON.parse(stdout) as string[]
  expect(loaded.filter((url) => url.endsWith('/core/connector/connector.ts'))).toHaveLength(1)
  expect(loaded.filter((url) => /\/jose\/|id-token\.ts$|\/database\/|\/stores\/sql|\/adapters\/|^node:/.test(url))).toEqual([])
})
