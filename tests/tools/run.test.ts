import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const run = new URL('../../tools/run.mjs', import.meta.url).href
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-run-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A program that runs another through run.mjs, as `npm start` does, with its own output for us to read. */
async function runner(program: string): Promise<ReturnType<typeof spawn>> {
  return spawn(process.execPath, [await write(program)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function write(program: string): Promise<string> {
  await writeFile(join(folder, 'program.mjs'), program)
  await writeFile(
    join(folder, 'runner.mjs'),
    `import { run } from '${run}'\nprocess.exitCode = await run(process.execPath, ['${join(folder, 'program.mjs')}'])\n`,
  )
  return join(folder, 'runner.mjs')
}

test('the exit code is passed on', async () => {
  expect(await once(await runner('process.exit(7)'), 'exit')).toEqual([7, null])
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the program, which ends in its own time', async (signal) => {
  const parent = await runner(
    `process.on('${signal}', () => setTimeout(() => process.exit(5), 50)); setInterval(() => {}, 1000); console.log('ready')`,
  )
  await once(parent.stdout!, 'data')
  parent.kill(signal)
  expect(await once(parent, 'exit')).toEqual([5, null])
})

test('a program that a signal ended counts as 128 and its number', async () => {
  expect(await once(await runner(`process.kill(process.pid, 'SIGKILL')`), 'exit')).toEqual([137, null])
})

test('the program ends when npm is stopped, which ends nothing but the shell between', async () => {
  const file = await write(
    `process.on('SIGTERM', () => console.log('ended') || process.exit()); setInterval(() => {}, 1000); console.log('ready')`,
  )
  // The second command keeps the shell from giving its place to the first.
  const shell = spawn('sh', ['-c', `'${process.execPath}' '${file}'; true`], {
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(shell.stdout, 'data')
  shell.kill('SIGTERM')
  expect(String(await once(shell.stdout, 'data'))).toBe('ended\n')
})
