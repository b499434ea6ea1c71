import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { frameworks, parseFramework, parseName, parseUpstream } from './answers.ts'
import { ask } from './questions.ts'
import { writeApp } from './write-app.ts'

const nothing = { dependencies: {}, files: {} }
let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'annex-create-'))
})
afterEach(() => rm(home, { recursive: true }))

describe('What is asked', () => {
  test('is nothing where nobody sits: what was given counts, and the usual for the rest', async () => {
    expect(await ask({}, false)).toEqual({
      folder: 'annex-app',
      name: 'annex-app',
      framework: 'fastify',
      upstream: 'http://127.0.0.1:8000',
    })
    expect(await ask({ folder: '../apps/shop', upstream: 'erp.example.com' }, false)).toEqual({
      folder: '../apps/shop',
      name: 'shop',
      framework: 'fastify',
      upstream: 'https://erp.example.com',
    })
    expect(await ask({ folder: 'a', name: 'b', framework: 'next' }, false)).toMatchObject({ folder: 'a', name: 'b', framework: 'next' })
  })

  test.each(['', 'Shop', 'my shop', '../x', '1shop', 'a'.repeat(65), 'shöp'])('a name that npm would not take is refused: %s', (name) => {
    expect(() => parseName(name)).toThrow(/write small letters, digits and hyphens/)
  })

  test('a framework that has no template is refused with those there are', () => {
    expect(frameworks.map(parseFramework)).toEqual([...frameworks])
    expect(() => parseFramework('rails')).toThrow(/choose one of node, express, fastify, hono, next$/)
  })

  test.each([
    ['https://erp.example.com/app/home?x=1', 'https://erp.example.com'],
    ['erp.example.com', 'https://erp.example.com'],
    ['http://localhost:8000/', 'http://localhost:8000'],
    ['http://site.localhost:8000', 'http://site.localhost:8000'],
    ['http://[::1]:8000', 'http://[::1]:8000'],
    ['http://127.1:8000', 'http://127.0.0.1:8000'],
    ['https://[2001:DB8::1]:8443/x', 'https://[2001:db8::1]:8443'],
  ])('an address out of a browser is taken by its origin: %s', (typed, origin) => {
    expect(parseUpstream(typed)).toBe(origin)
  })

  test.each([
    "https://x'+(y)+'.example.com",
    'https://a(b).example.com',
    'https://a`b.example.com',
    'https://a$b',
    'http://erp.example.com',
    'http://127.example.com',
    'http://127.0.0.1.example.com',
    'ftp://erp.example.com',
    'https://',
    'a b',
  ])('an address that cannot be a site is refused: %s', (typed) => {
    expect(() => parseUpstream(typed)).toThrow(/^The site /)
  })
})

describe('An app', () => {
  test.each(frameworks)('of the framework %s is written whole, with its own words', async (framework) => {
    const folder = join(home, 'shop')
    await writeApp(
      { folder, name: 'shop', framework, upstream: 'https://erp.example.com' },
      { ...nothing, dependencies: { a: 'file:vendor/a.tgz' } },
    )
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))
    expect(texts.filter((text) => /\{\{\s*\w+\s*\}\}/.test(text))).toEqual([])
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['.gitignore', '.dockerignore', '.env.example', 'Dockerfile', 'README.md', 'app.ts']),
    )
    expect(files.filter(({ name }) => name.startsWith('_'))).toEqual([])
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      name: string
      dependencies: Record<string, string>
    }
    expect(manifest).toMatchObject({ name: 'shop', dependencies: { a: 'file:vendor/a.tgz', 'better-sqlite3': '13.2.0' } })
    expect(await readFile(join(folder, '.env.example'), 'utf8')).toContain('SITE_URL=https://erp.example.com')
    // It listens on its own computer alone, which nobody outside a container would reach.
    expect(await readFile(join(folder, 'Dockerfile'), 'utf8')).toMatch(/^ENV .*HOST=0\.0\.0\.0/m)
  })

  test.each(frameworks)('of the framework %s lies where its README says', async (framework) => {
    const folder = join(home, 'shop')
    await writeApp({ folder, name: 'shop', framework, upstream: 'https://erp.example.com' }, nothing)
    const rows = (await readFile(join(folder, 'README.md'), 'utf8')).split('\n').filter((line) => line.startsWith('| `'))
    const paths = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!))
    expect(paths.length).toBeGreaterThan(6)
    // Made at the first start.
    for (const path of paths.filter((one) => one !== 'data/')) await expect(access(join(folder, path)), path).resolves.toBeUndefined()
  })

  test('is not written over what lies there', async () => {
    await writeFile(join(home, 'notes.txt'), 'mine')
    const answers = { folder: home, name: 'shop', framework: 'node', upstream: 'https://erp.example.com' } as const
    await expect(writeApp(answers, nothing)).rejects.toThrow(/is not empty: name another folder$/)
    expect(await readdir(home)).toEqual(['notes.txt'])
  })
})
