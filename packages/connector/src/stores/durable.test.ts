import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { homes, openHome } from '../core/tokens/races/homes.fixture.ts'
import { entryOf } from './contract/samples.fixture.ts'

const script = fileURLToPath(new URL('./durable.fixture.ts', import.meta.url))

test.for(homes)('on %s, what a process that was killed had taken in is there', async (kind, { onTestFinished }) => {
  const home = await openHome(kind)
  onTestFinished(() => home.remove())
  const entry = entryOf()
  const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify({ url: home.url, entry })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(said.toString()).toBe('added')
  expect(home.store.durable).toBe(true)
  expect(await home.store.of('').inbox.list('waiting', 9)).toEqual([{ ...entry, attempts: 0, error: null }])
})
