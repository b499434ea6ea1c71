import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const execute = promisify(execFile)
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const reporter = fileURLToPath(new URL('../../tools/summary-reporter.mjs', import.meta.url))
// Inside the tree, so that the tests in it find vitest.
const cache = fileURLToPath(new URL('../../node_modules/', import.meta.url))

async function lastLines(files: Record<string, string>): Promise<string[]> {
  const folder = await mkdtemp(join(cache, '.annex-reporter-'))
  try {
    await writeFile(join(folder, 'vitest.config.mjs'), 'export default { test: { include: ["*.test.mjs"], exclude: [] } }')
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), `import { beforeAll, describe, expect, test } from 'vitest'\n${text}`)
    const run = execute(process.execPath, [vitest, 'run', '--root', folder, `--reporter=${reporter}`], {
      env: { ...process.env, NO_COLOR: '1' },
    })
    const { stdout } = await run.catch((error: { stdout: string }) => error)
    return stdout.trimEnd().split('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('the last line counts what passed and what failed', async () => {
  const lines = await lastLines({ 'a.test.mjs': 'test("good", () => {})\ntest("bad", () => expect(1).toBe(2))' })
  expect(lines.at(-1)).toBe('1 passed, 1 failed')
})

test('what is skipped is named with its reason', async () => {
  const lines = await lastLines({ 'a.test.mjs': 'test("good", () => {})\ntest("walk", (context) => context.skip("no browser"))' })
  expect(lines.slice(-2)).toEqual(['skipped: walk (no browser)', '1 passed, 0 failed, 1 skipped'])
})

test('a hook that throws, a file that does not load and a late rejection are failures', async () => {
  const lines = await lastLines({
    'hook.test.mjs': 'describe("with a hook", () => { beforeAll(() => { throw new Error("hook") })\ntest("never run", () => {}) })',
    'broken.test.mjs': 'throw new Error("at load")',
    'late.test.mjs': 'test("good", () => { void Promise.reject(new Error("late")) })',
  })
  expect(lines.at(-1)).toBe('1 passed, 3 failed, 1 skipped')
})
