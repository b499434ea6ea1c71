import { readFile } from 'node:fs/promises'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'

const folder = new URL('../../packages/connector/', import.meta.url)
const PROTOCOL = new URL('../protocol/src/index.ts', folder)

interface Named {
  readonly id?: { readonly name: string }
}
type Declaration = Named & { readonly declarations?: readonly Named[] }
interface Name {
  readonly name: string
}
interface Node extends Declaration {
  readonly type: string
  readonly start: number
  readonly declaration?: Declaration | null
  readonly specifiers?: readonly { readonly local: Name; readonly exported?: Name }[]
  readonly source?: { readonly value: string } | null
}

/** One file of the sources. */
interface Source {
  readonly file: URL
  readonly text: string
  readonly body: readonly Node[]
}

/** An export: its name, and what the doc comment of its declaration says. */
interface Exported {
  readonly name: string
  readonly doc: string | undefined
}

async function read(file: URL): Promise<Source> {
  const text = await readFile(file, 'utf8')
  const { body } = parseAst(text, { lang: file.pathname.endsWith('x') ? 'tsx' : 'ts' }) as unknown as { readonly body: readonly Node[] }
  return { file, text, body }
}

async function exportsOf(file: URL): Promise<Exported[]> {
  const source = await read(file)
  const found = source.body.map(async (node): Promise<readonly Exported[]> => {
    if (node.type === 'ExportAllDeclaration') return exportsOf(fileOf(node.source!.value, file))
    if (node.type !== 'ExportNamedDeclaration') return []
    if (node.declaration) return namesOf(node.declaration).map((name) => ({ name, doc: docBefore(source.text, node.start) }))
    return Promise.all((node.specifiers ?? []).map(({ local, exported }) => follow(source, local.name, exported!.name, node)))
  })
  return (await Promise.all(found)).flat()
}

/** The doc comment where a name is declared that a file hands on, from another file or by an import of its own. */
async function follow({ file, text, body }: Source, local: string, name: string, by: Node): Promise<Exported> {
  const bringer = by.source
    ? by
    : body.find((node) => node.type === 'ImportDeclaration' && node.specifiers?.some((one) => one.local.name === local))
  if (bringer?.source) {
    const there = await exportsOf(fileOf(bringer.source.value, file))
    return { name, doc: there.find((other) => other.name === local)?.doc }
  }
  const own = body.find((node) => namesOf(node).includes(local))
  return { name, doc: own && docBefore(text, own.start) }
}

const namesOf = (declaration: Declaration): string[] =>
  [declaration, ...(declaration.declarations ?? [])].flatMap(({ id }) => (id ? [id.name] : []))

const fileOf = (specifier: string, from: URL): URL => (specifier === '@annex/protocol' ? PROTOCOL : new URL(specifier, from))

/** What the doc comment says that ends right before a declaration; words to a tool may stand between. */
function docBefore(text: string, start: number): string | undefined {
  const before = text.slice(0, start).replace(/(?:\s*\/\/.*)*\s*$/, '')
  const comment = before.endsWith('*/') ? before.slice(before.lastIndexOf('/*')) : ''
  return comment.startsWith('/**') ? comment.replaceAll(/^\/\*\*|\*\/$|^\s*\*/gm, '').trim() : undefined
}

const { exports } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8')) as {
  exports: Record<string, { readonly source: string }>
}
const entries = Object.entries(exports).map(([entry, { source }]) => [entry, new URL(source, folder)] as const)

test.each(entries)('every export of %s says in a doc comment what it is for', async (_entry, file) => {
  const all = await exportsOf(file)
  expect(all.length).toBeGreaterThan(0)
  expect(all.filter(({ doc }) => !doc).map(({ name }) => name)).toEqual([])
})

test('a comment of another kind, an empty one, and none are found', () => {
  const lines = [
    '/** Good. */',
    '/** Good. */\n// oxlint-disable-next-line x',
    '/* No. */',
    '/** */',
    '// No.',
    '/** Of another. */\nconst a = 1\n',
  ]
  const docs = lines.map((line) => docBefore(`${line}\nexport const b = 2`, line.length + 1))
  expect(docs.map(Boolean)).toEqual([true, true, false, false, false, false])
})
