import { mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'

interface Mutant {
  id: string
  mutatorName: string
  replacement?: string
  status: string
  location: { start: { line: number; column: number } }
}
interface Counts {
  killed: number
  timedOut: number
  survived: number
  uncovered: number
  unable: number
}
const load = (name: string): Promise<unknown> => import(new URL(`../../tools/mutation/${name}.mjs`, import.meta.url).href)
const { countMutants, linesOf } = (await load('report')) as {
  countMutants: (
    report: { files: Record<string, { mutants: Mutant[] }> },
    part?: { every?: number; from?: number; holds?: (path: string) => boolean },
  ) => Counts
  linesOf: (name: string, counts: Counts) => string[]
}
interface Group {
  name: string
  mutate: string[]
  tests: string[]
  holds: (path: string) => boolean
}
const { readGroups } = (await load('groups')) as { readGroups: (text: string) => Group[] }
const { copyTree } = (await load('copy-tree')) as { copyTree: (root: string, folder: string) => Promise<void> }
const { strykerPlugins } = (await load('sample')) as {
  strykerPlugins: { value: { check: (mutants: { id: string }[]) => Promise<Record<string, { status: string }>> } }[]
}

const mutant = (id: number, status: string, line = id): Mutant => ({
  id: String(id),
  mutatorName: 'BooleanLiteral',
  replacement: 'false\n  && true',
  status,
  location: { start: { line, column: 3 } },
})
const report = {
  files: {
    'b.ts': { mutants: [mutant(0, 'Killed'), mutant(1, 'Survived', 9), mutant(2, 'Timeout'), mutant(3, 'NoCoverage', 4)] },
    'a.ts': { mutants: [mutant(4, 'Survived', 7), mutant(5, 'RuntimeError')] },
  },
}

describe('the words about a mutation run', () => {
  test('count what was noticed among what could be run, and name the rest in the order of the code', () => {
    expect(linesOf('policy', countMutants(report))).toEqual([
      'policy: 40.0 % (killed 1, timed out 1, survived 2, in no test 1, not run 1)',
      '  a.ts:7:3 BooleanLiteral -> false && true',
      '  b.ts:4:3 BooleanLiteral (in no test) -> false && true',
      '  b.ts:9:3 BooleanLiteral -> false && true',
    ])
  })

  test('speak of the sample alone when there is one', () => {
    expect(linesOf('policy', countMutants(report, { every: 4 }))[0]).toBe(
      'policy: 50.0 % (killed 1, timed out 0, survived 1, in no test 0, not run 0)',
    )
    expect(linesOf('policy', countMutants(report, { every: 4, from: 1 }))).toEqual([
      'policy: 0.0 % (killed 0, timed out 0, survived 1, in no test 0, not run 1)',
      '  b.ts:9:3 BooleanLiteral -> false && true',
    ])
    expect(linesOf('none', countMutants({ files: {} }))).toEqual([
      'none: 100.0 % (killed 0, timed out 0, survived 0, in no test 0, not run 0)',
    ])
  })
})

test('each group of several that are judged together is counted by itself', () => {
  expect(countMutants(report, { holds: (path) => path === 'a.ts' })).toMatchObject({ killed: 0, survived: 1, unable: 1 })
})

describe('what is judged', () => {
  const oauth = 'packages/site/src/oauth'
  const read = (text: string): Group[] => readGroups(text)

  test('is a group, or several at once', () => {
    const [bearer, own] = read('oauth/bearer+oauth/.')
    expect([bearer?.name, own?.name]).toEqual(['oauth/bearer', 'oauth/.'])
    const held = (group?: Group) => ['bearer/a.ts', 'bearer/b/a.ts', 'bearers/a.ts', 'a.ts'].map((path) => group?.holds(`${oauth}/${path}`))
    expect([held(bearer), held(own)]).toEqual([
      [true, true, false, false],
      [false, false, false, true],
    ])
    const [guard] = read('guard')
    expect([guard?.holds('packages/site/src/backend/guard.ts'), guard?.holds('packages/site/src/backend/guards.ts')]).toEqual([true, false])
  })

  test('is one file, or lines of it, by the tests of its group', () => {
    const [whole] = read('oauth/bearer')
    const [lines] = read('oauth/bearer:b/a.ts:3-9')
    expect(lines).toMatchObject({ name: 'oauth/bearer:b/a.ts:3-9', mutate: [`${oauth}/bearer/b/a.ts:3-9`], tests: whole?.tests })
    expect([lines?.holds(`${oauth}/bearer/b/a.ts`), lines?.holds(`${oauth}/bearer/a.ts`)]).toEqual([true, false])
    expect(read('guard:guard.ts')).toMatchObject([{ mutate: ['packages/site/src/backend/guard.ts'] }])
  })

  test('is nothing that is not there', () =>
    expect(() => read('policy+bearer')).toThrow('There is no group bearer; there are policy, guard,'))
})

test('of a sample of four, each fourth mutant is run, and another fourth on demand', async () => {
  const verdicts = async (from?: string): Promise<string[]> => {
    vi.stubEnv('ANNEX_MUTATION_EVERY', '4')
    vi.stubEnv('ANNEX_MUTATION_FROM', from)
    const found = await strykerPlugins[0]!.value.check(['0', '1', '4', '6'].map((id) => ({ id })))
    vi.unstubAllEnvs()
    return Object.entries(found).flatMap(([id, { status }]) => (status === 'passed' ? [id] : []))
  }
  expect([await verdicts(), await verdicts('1'), await verdicts('2')]).toEqual([['0', '4'], ['1'], ['6']])
})

describe('the tree that is changed', () => {
  const databases = "export const engines: readonly Engine[] = ['sqlite', 'postgres']\n"
  async function treeWith(text: string): Promise<string> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'annex-tree-')))
    for (const folder of ['tests/support', 'packages/site/docs', 'node_modules/@annex', 'node_modules/dep', '.git'])
      await mkdir(join(root, folder), { recursive: true })
    await writeFile(join(root, 'tests/support/databases.ts'), text)
    await writeFile(join(root, 'packages/site/main.ts'), 'old')
    await writeFile(join(root, 'node_modules/dep/index.js'), 'dep')
    await symlink('../../packages/site', join(root, 'node_modules/@annex/site'))
    return root
  }

  test('is a copy, with packages of the original, ours of the copy, and SQLite alone', async () => {
    const [root, copy] = [await treeWith(databases), await mkdtemp(join(tmpdir(), 'annex-copy-'))]
    try {
      await copyTree(root, copy)
      await writeFile(join(copy, 'packages/site/main.ts'), 'new')
      expect(await readFile(join(copy, 'node_modules/@annex/site/main.ts'), 'utf8')).toBe('new')
      expect(await readFile(join(root, 'packages/site/main.ts'), 'utf8')).toBe('old')
      expect(await realpath(join(copy, 'node_modules/dep'))).toBe(join(root, 'node_modules/dep'))
      expect(await readFile(join(copy, 'tests/support/databases.ts'), 'utf8')).toContain("Engine[] = ['sqlite']")
      expect(await readdir(copy)).not.toContain('.git')
      expect(await readdir(join(copy, 'packages/site'))).toEqual(['docs', 'main.ts'])
    } finally {
      for (const folder of [copy, root]) await rm(folder, { recursive: true })
    }
  })

  test('is refused when the engines cannot be told', async () => {
    const [root, copy] = [await treeWith('export const engines = all\n'), await mkdtemp(join(tmpdir(), 'annex-copy-'))]
    try {
      await expect(copyTree(root, copy)).rejects.toThrow('change tools/mutation/copy-tree.mjs')
    } finally {
      for (const folder of [copy, root]) await rm(folder, { recursive: true })
    }
  })
})
