import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Children } from './children.ts'

let folder: string
let children: Children
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-children-'))
  children = new Children()
})
afterEach(async () => {
  await children.stop()
  await rm(folder, { recursive: true })
})

async function start(name: string, text: string): Promise<void> {
  const file = join(folder, `${name}.mjs`)
  await writeFile(file, text)
  await children.start(name, file, { FOLDER: folder })
}

const STAYS = `import { writeFileSync } from 'node:fs'
writeFileSync(process.env.FOLDER + '/pid', String(process.pid))
console.log('listening on x')
setInterval(() => undefined, 1000)`

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('one that ends by itself is told with its last words, and stopping ends the others', async () => {
  await start('stays', STAYS)
  await start('leaves', `console.log('listening on y'); setTimeout(() => { console.error('no more room'); process.exit(3) }, 10)`)
  await expect(children.untilOneEnds()).rejects.toThrow('leaves ended: no more room')
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  expect(isThere(pid)).toBe(true)
  await children.stop()
  expect(isThere(pid)).toBe(false)
})

it('one that ends before it listens fails its start with its last words', async () => {
  await expect(start('broken', `console.error('PORT: x is no port'); process.exit(1)`)).rejects.toThrow('broken ended: PORT: x is no port')
})

it('one that is still starting is ended too', async () => {
  const starting = start('slow', STAYS.replace('listening', 'not yet')).catch((error: unknown) => error)
  await expect.poll(() => readFile(join(folder, 'pid'), 'utf8').catch(() => '')).not.toBe('')
  await children.stop()
  expect(String(await starting)).toContain('slow ended')
  expect(isThere(Number(await readFile(join(folder, 'pid'), 'utf8')))).toBe(false)
})
