import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown, type OutputChunk } from 'rolldown'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'

/** What a runtime without Node can load of the connector, and what of it is the app's own. */
const ENTRIES = {
  '.': [],
  './browser': [],
  './script': [],
  './react': [/^react(?:\/|$)/],
  './hono': [],
  './next': [],
  './stores/redis': [],
}
const BUDGET = 15_000

const folder = new URL('../../packages/connector/', import.meta.url)
const { exports } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8')) as {
  exports: Record<string, { readonly source: string }>
}
const sourceOf = (entry: string): string => fileURLToPath(new URL(exports[entry]!.source, folder))

interface BundleOptions {
  /** Where another script than the entry itself begins; it names the entry `entry`. */
  readonly script?: string
  readonly external?: readonly RegExp[]
  /** In one file, nothing left for later. */
  readonly whole?: boolean
}

/** All chunks for a browser, cut as for an app; the first is the entry. Nothing but `external` is left out. */
async function bundle(entry: string, { script, external = [], whole = false }: BundleOptions = {}): Promise<readonly OutputChunk[]> {
  const build = await rolldown({
    input: script === undefined ? entry : 'script',
    platform: 'browser',
    preserveEntrySignatures: 'allow-extension',
    external: [...external],
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
    plugins: [
      {
        name: 'script',
        resolveId: (id) => (id === 'script' ? id : id === 'entry' ? entry : null),
        load: (id) => (id === 'script' ? script : null),
      },
    ],
    logLevel: 'silent',
  })
  const { output } = await build.generate({ format: 'esm', minify: true, codeSplitting: !whole })
  await build.close()
  return output.filter((part) => part.type === 'chunk')
}

const sizeOf = ({ code }: OutputChunk): number => gzipSync(code, { level: 9 }).length

/** Fails with the chunks and the largest modules of each when they are too large. */
function fits(chunks: readonly OutputChunk[]): void {
  const parts = chunks.map((chunk) => {
    const modules = Object.entries(chunk.modules).map(([id, { renderedLength }]) => [renderedLength, id.split('/src/').at(-1)] as const)
    const largest = modules.toSorted(([one], [other]) => other - one).slice(0, 25)
    return [`${chunk.fileName}: ${sizeOf(chunk)} packed, of`, ...largest.map(([length, id]) => `  ${length} ${id}`)].join('\n')
  })
  const size = chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0)
  expect(size, parts.join('\n')).toBeLessThanOrEqual(BUDGET)
}

/** The entry and what it imports before its first line runs. */
function atOnce(chunks: readonly OutputChunk[]): readonly OutputChunk[] {
  const reached = new Set([chunks[0]!])
  for (const chunk of reached) for (const other of chunks) if (chunk.imports.includes(other.fileName)) reached.add(other)
  return [...reached]
}

type Node = Readonly<Record<string, unknown>> & { readonly type?: unknown; readonly name?: unknown; readonly value?: unknown }

/** What a bundle takes from Node. Names of its own are one letter each after minifying, so that `process` is the global. */
function nodeIn(chunks: readonly OutputChunk[]): string[] {
  const known = new Set(chunks.map(({ fileName }) => fileName))
  const imported = chunks
    .flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])
    .filter((name) => name.startsWith('node:') || (!known.has(name) && !name.startsWith('react')))
  return [...imported, ...chunks.flatMap(({ code }) => [...globalsOf(parseAst(code) as unknown as Node)])]
}

function* globalsOf(node: unknown, place = ''): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const part of node) yield* globalsOf(part, place)
    return
  }
  const { type, name, value } = node as Node
  if (type === 'Identifier' && (name === 'process' || name === 'Buffer') && place !== 'name') yield name
  if (type === 'Literal' && typeof value === 'string' && value.startsWith('node:')) yield value
  for (const [key, part] of Object.entries(node)) {
    // `x.process` and `{ process: x }` are names; `globalThis.process` is Node's.
    const isName = (key === 'property' || key === 'key') && (node as Node)['computed'] !== true && !isGlobalThis((node as Node)['object'])
    yield* globalsOf(part, isName ? 'name' : '')
  }
}

const isGlobalThis = (node: unknown): boolean => (node as Node | undefined)?.name === 'globalThis'

test.each(Object.entries(ENTRIES))('what %s loads takes nothing of Node', async (entry, external) => {
  expect(nodeIn(await bundle(sourceOf(entry), { external }))).toEqual([])
})

test.each([
  ["import { join } from 'node:path'; console.log(join)", 'node:path'],
  ["console.log(await import('node:fs'))", 'node:fs'],
  ["const { env } = process; console.log(env, 'the process of { process: Buffer }')", 'process'],
  ['console.log(globalThis.process, { Buffer: 1 }.Buffer)', 'process'],
  ["export const bytes = Buffer.from('x')", 'Buffer'],
])('what takes something of Node is found: %s', async (script, what) => {
  expect(new Set(nodeIn(await bundle('', { script })))).toEqual(new Set([what]))
})

test('what createConnector loads at once is at most 15 kB, packed', async () => {
  const chunks = await bundle(sourceOf('.'), { script: "export { createConnector } from 'entry'" })
  expect(chunks.length).toBeGreaterThan(1)
  fits(atOnce(chunks))
})

test.each(['./browser', './script'])('the whole of %s, in one file, is at most 15 kB, packed', async (entry) => {
  const chunks = await bundle(sourceOf(entry), { whole: true })
  expect(chunks.length).toBe(1)
  fits(chunks)
})
