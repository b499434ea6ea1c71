import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const execute = promisify(execFile)
const tool = (name: string): Promise<unknown> => import(new URL(`../../tools/${name}`, import.meta.url).href)
const { setUp } = (await tool('set-up.mjs')) as { setUp: (root: string, host?: object) => Promise<boolean> }
const { nodeToRun } = (await tool('node-to-run.mjs')) as { nodeToRun: (root: string, host: object) => string }

let root: string
beforeEach(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  root = await mkdtemp(join(tmpdir(), 'annex-tree-'))
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'tree', version: '1.0.0' }))
  await lock('1.0.0')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

const lock = (version: string): Promise<void> =>
  writeFile(
    join(root, 'package-lock.json'),
    JSON.stringify({ name: 'tree', version, lockfileVersion: 3, requires: true, packages: { '': { name: 'tree', version } } }),
  )

test('installs once, and again only when the lock has changed', async () => {
  expect(await setUp(root)).toBe(true)
  expect(await setUp(root)).toBe(false)
  await lock('1.0.1')
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'tree', version: '1.0.1' }))
  expect(await setUp(root)).toBe(true)
  expect(await setUp(root)).toBe(false)
})

test('a warm tree is not written to', async () => {
  await setUp(root)
  const stamp = join(root, 'node_modules', '.annex-lock-hash')
  await utimes(stamp, 1, 1)
  await setUp(root)
  expect((await stat(stamp)).mtimeMs).toBe(1000)
})

test('an install that fails says what npm said, and is tried again the next time', async () => {
  await writeFile(
    join(root, 'package.json'),
    JSON.stringify({ name: 'tree', version: '1.0.0', dependencies: { 'not-in-the-lock': '1.0.0' } }),
  )
  await expect(setUp(root)).rejects.toThrow(/npm ci failed.*lock/s)
  await expect(setUp(root)).rejects.toThrow('npm ci failed')
})

// npm leaves out optional packages that the running Node is too old for, and those hold binaries.
test.runIf(process.platform === 'linux')('on an older Node, the brought one comes first and runs npm', async () => {
  const name = `node-linux-${process.arch}`
  const marker = join(root, 'ran')
  const parcel = join(root, 'parcel')
  await mkdir(join(parcel, 'bin'), { recursive: true })
  await writeFile(join(parcel, 'package.json'), JSON.stringify({ name, version: '24.0.0' }))
  await writeFile(join(parcel, 'bin', 'node'), `#!/bin/sh\necho ran >> '${marker}'\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
  await execute('npm', ['pack', '--pack-destination', root, parcel])
  const file = join(root, `${name}-24.0.0.tgz`)
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`
  const own = { name: 'tree', version: '1.0.0', optionalDependencies: { [name]: '24.0.0' } }
  const packages = { '': own, [`node_modules/${name}`]: { version: '24.0.0', resolved: `file:${file}`, integrity, optional: true } }
  await writeFile(join(root, 'package.json'), JSON.stringify(own))
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }))

  await setUp(root)
  await expect(access(marker)).rejects.toThrow('ENOENT')
  await rm(join(root, 'node_modules'), { recursive: true })
  await setUp(root, { platform: 'linux', arch: process.arch, execPath: process.execPath, versions: { node: '18.0.0' } })
  await access(marker)
})

test('the Node that the tree brought is run by its path; without one the running Node has to be new enough', async () => {
  const host = { platform: 'linux', arch: process.arch, execPath: '/usr/bin/node', versions: { node: '20.0.0' } }
  expect(() => nodeToRun(root, host)).toThrow('needs Node 22.19 or newer here and this is Node 20.0.0')
  expect(nodeToRun(root, { ...host, versions: { node: '22.19.0' } })).toBe('/usr/bin/node')
  expect(() => nodeToRun(root, { ...host, versions: { node: '22.18.9' } })).toThrow('22.19')
  const brought = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin')
  await mkdir(brought, { recursive: true })
  await writeFile(join(brought, 'node'), '')
  if (process.platform === 'linux') expect(nodeToRun(root, host)).toBe(join(brought, 'node'))
  expect(() => nodeToRun(root, { ...host, platform: 'darwin' })).toThrow('22.19')
})

test.each([
  ['linux', '16.20.0', 'needs Node 18 or newer'],
  ['darwin', '20.20.0', 'needs Node 22.19 or newer'],
])('on %s, Node %s is told in one sentence that it is too old', async (platform, version, sentence) => {
  const preload = join(root, 'older.cjs')
  const pretend = `Object.defineProperty(process, 'platform', { value: '${platform}' }); Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); Object.defineProperty(process, 'arch', { value: 'x64' })`
  await writeFile(preload, pretend)
  const start = new URL('../../tools/start.mjs', import.meta.url).pathname
  const { stderr, code } = (await execute(process.execPath, ['--require', preload, start, 'site']).catch(
    (error: { stderr: string; code: number }) => error,
  )) as { stderr: string; code: number }
  expect(code).toBe(1)
  expect(stderr).toContain(sentence)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('what starts is plain JavaScript that an old Node can read to its end', async () => {
  const text = await readFile(new URL('../../tools/start.mjs', import.meta.url), 'utf8')
  expect(text).not.toMatch(/^import /m)
  expect(text).not.toMatch(/^await /m)
})
