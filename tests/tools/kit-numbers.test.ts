import { glob, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'

// The defects of the connector that was there before (D), the traps of a Frappe site (T) and the attacks on connectors (J). Each is
// kept away by a test that is named for it. The site's own tests have other numbers that begin with D.

const numbers = (letter: string, count: number, digits = 1): string[] =>
  Array.from({ length: count }, (_, place) => `${letter}${String(place + 1).padStart(digits, '0')}`)
const ALL = [...numbers('D', 24), ...numbers('T', 10), ...numbers('J', 8, 2)]

const root = fileURLToPath(new URL('../..', import.meta.url))
const PLACES = [
  'packages/{connector,protocol,create-annex-app}/src/**/*.ts',
  'apps/*/src/**/*.ts',
  'tests/journeys/*.ts',
  'tests/{contract/connector,journeys/connector,acceptance,guides,soak}/**/*.ts',
]

type Node = Readonly<Record<string, unknown>> & { readonly type: string }
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

function* nodesOf(value: unknown): Generator<Node> {
  if (isNode(value)) yield value
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* nodesOf(part)
}

const isFunction = (node: Node | undefined): boolean => ['ArrowFunctionExpression', 'FunctionExpression'].includes(node?.type ?? '')

/** The text of a literal, or what of a template stands fixed. */
const textOf = (node: Node | undefined): string | undefined => {
  if (node?.type === 'Literal') return String(node['value'])
  if (node?.type !== 'TemplateLiteral') return undefined
  return (node['quasis'] as readonly { readonly value: { readonly raw: string } }[]).map(({ value }) => value.raw).join(' ')
}

/** Titles: the text before a function, as in `test('…', () => …)`, and the rows of a table of tests, whose texts fill its title. */
function titlesIn(source: string): string[] {
  return [...nodesOf(parseAst(source, { lang: 'ts' }))].flatMap((node) => {
    if (node.type !== 'CallExpression') return []
    const [first, ...rest] = node['arguments'] as readonly Node[]
    const title = textOf(first)
    if (title === undefined || !rest.some(isFunction)) return []
    const rows = [...nodesOf((node['callee'] as Node)['arguments'])].flatMap((part) => textOf(part) ?? [])
    return [title, ...rows]
  })
}

async function allTitles(): Promise<string[]> {
  const titles: string[] = []
  for await (const path of glob(PLACES, { cwd: root, exclude: (name: string) => name.includes('node_modules') }))
    titles.push(...titlesIn(await readFile(`${root}/${path}`, 'utf8')))
  return titles
}

const numberedIn = (titles: readonly string[]): Set<string> => new Set(titles.flatMap((title) => title.match(/\b[DTJ]\d{1,2}\b/g) ?? []))

test('every defect, trap and attack of the connector is kept away by a test that is named for it', async () => {
  const named = numberedIn(await allTitles())
  expect(ALL.filter((number) => !named.has(number))).toEqual([])
})

test('a number counts in a title and in a table of titles, and nowhere else', () => {
  const source = `
    test('D1 in a title', () => expect('D2').toBe('D2'))
    describe.each([['T3 in a row', 1]])('%s', () => {})
    it(\`J04 \${name}\`, async () => {})
    // D5
    const D6 = 'D7'
    say('D8')
  `
  expect([...numberedIn(titlesIn(source))]).toEqual(['D1', 'T3', 'J04'])
})
