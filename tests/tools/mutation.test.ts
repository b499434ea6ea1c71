import { appendFile, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const load = (name: string): Promise<unknown> => import(new URL(`../../tools/mutation/${name}.mjs`, import.meta.url).href)

interface Change {
  path: string
  hash: string
  key: string
  start: { line: number; column: number }
  mutatorName: string
  replacement?: string
}
interface Verdict {
  status: string
  cut?: boolean
}
interface Counts {
  all: number
  judged: number
  noticed: number
  timedOut: number
  uncovered: number
  cut: number
}
const { countMutants, survivorsOf, tableOf } = (await load('report')) as {
  countMutants: (changes: Change[], verdictOf: (change: Change) => Verdict | undefined) => Counts
  survivorsOf: (counts: Counts) => string[]
  tableOf: (groups: { name: string; counts: Counts }[]) => string[]
}
const { interval } = (await load('interval')) as { interval: (part: number, whole: number) => [number, number] }
interface Group {
  name: string
  home: string
  mutate: string[]
  tests: string[]
  holds: (change: { path: string; start: { line: number } }) => boolean
}
const { readGroup } = (await load('groups')) as { readGroup: (text: string) => Group }
const { copyTree } = (await load('copy-tree')) as { copyTree: (root: string, folder: string) => Promise<void> }
const { isSampled } = (await load('sample')) as { isSampled: (index: number, every: number, from?: number) => boolean }
const { Record: Known } = (await load('record')) as {
  Record: new (path: string) => { of: (change: Change) => Verdict | undefined; add: (change: Change, verdict: Verdict) => void }
}
interface Plan {
  steps: { file: string; ids: string[] }[]
  cut: boolean
}
const { planOf } = (await load('plan')) as {
  planOf: (asked: {
    mutant: { path: string; home: string }
    tests: string[]
    baseline: { tests: Record<string, { file: string; ms: number }>; files: Record<string, { overhead: number }> }
    kills: Map<string, number>
    budget: number
  }) => Plan
}

const change = (path: string, line: number): Change => ({
  path,
  hash: 'h',
  key: `${line}`,
  start: { line, column: 3 },
  mutatorName: 'BooleanLiteral',
  replacement: 'false\n  && true',
})

describe('the words about a mutation run', () => {
  const verdicts: Record<string, Verdict> = {
    'b.ts 1': { status: 'Killed' },
    'b.ts 9': { status: 'Survived' },
    'b.ts 2': { status: 'Timeout' },
    'b.ts 4': { status: 'NoCoverage' },
    'a.ts 7': { status: 'Survived', cut: true },
    'a.ts 8': { status: 'Pending' },
  }
  const changes = ['b.ts 1', 'b.ts 9', 'b.ts 2', 'b.ts 4', 'a.ts 7', 'a.ts 8', 'a.ts 9'].map((text) => {
    const [path = '', line] = text.split(' ')
    return change(path, Number(line))
  })
  const verdictOf = ({ path, key }: Change): Verdict | undefined => verdicts[`${path} ${key}`]

  test('count what was noticed among what was judged, and name the rest in the order of the code', () => {
    const counts = countMutants(changes, verdictOf)
    expect(counts).toMatchObject({ all: 7, judged: 5, noticed: 2, timedOut: 1, uncovered: 1, cut: 1 })
    expect(survivorsOf(counts)).toEqual([
      '  a.ts:7:3 BooleanLiteral (not by all tests) -> false && true',
      '  b.ts:4:3 BooleanLiteral (in no test) -> false && true',
      '  b.ts:9:3 BooleanLiteral -> false && true',
    ])
  })

  test('give a sample its interval, call what not all tests looked at a lower bound, and nothing a share of none', () => {
    const [part, whole, none] = [changes, changes.slice(0, 4), changes.slice(6)].map((some) => countMutants(some, verdictOf))
    expect(tableOf([part, whole, none].map((counts, index) => ({ name: `g${index}`, counts: counts! }))).slice(2)).toEqual([
      '| g0 | 7 | 5 | 2, at least 40.0 % | 11.8 to 76.9 % |',
      '| g1 | 4 | 4 | 2, 50.0 % |  |',
      '| g2 | 1 | 0 |  |  |',
      '| all of them | 12 | 9 | 4, at least 44.4 % | 18.9 to 73.3 % |',
    ])
  })

  test.each([
    [0, 0, [0, 100]],
    [10, 10, [72.2, 100]],
    [0, 10, [0, 27.8]],
    [81, 100, [72.2, 87.5]],
  ])('know how far a sample of %i in %i may be from the whole', (part, whole, bounds) =>
    expect(interval(part, whole).map((bound) => Math.round(bound * 10) / 10)).toEqual(bounds),
  )
})

describe('what is judged', () => {
  const oauth = 'packages/site/src/oauth'
  const held = (name: string, ...places: [path: string, line?: number][]): boolean[] =>
    places.map(([path, line = 1]) => readGroup(name).holds({ path, start: { line } }))

  test('is a group', () => {
    const paths = ['bearer/a.ts', 'bearer/b/a.ts', 'bearers/a.ts', 'a.ts'].map((path): [string] => [`${oauth}/${path}`])
    expect(held('oauth/bearer', ...paths)).toEqual([true, true, false, false])
    expect(held('oauth/.', ...paths)).toEqual([false, false, false, true])
    const backend = 'packages/site/src/backend'
    expect(held('guard', [`${backend}/guard.ts`], [`${backend}/guards.ts`])).toEqual([true, false])
  })

  test('is one file, or lines of it, by the tests of its group', () => {
    const path = `${oauth}/bearer/b/a.ts`
    expect(readGroup('oauth/bearer:b/a.ts:3-9')).toMatchObject({ mutate: [path], tests: readGroup('oauth/bearer').tests })
    expect(held('oauth/bearer:b/a.ts:3-9', [path, 2], [path, 3], [path, 9], [path, 10])).toEqual([false, true, true, false])
    expect(held('oauth/bearer:b/a.ts:3', [path, 3], [path, 4])).toEqual([true, false])
    expect(held('oauth/bearer:b/a.ts', [path, 999], [`${oauth}/bearer/a.ts`])).toEqual([true, false])
    expect(readGroup('guard:guard.ts').mutate).toEqual(['packages/site/src/backend/guard.ts'])
  })

  test('is nothing that is not there', () =>
    expect(() => readGroup('bearer')).toThrow('There is no group bearer; there are policy, guard,'))

  test('is, of a sample of four, each fourth change, and another fourth on demand', () => {
    const sampled = (from?: number): number[] => [0, 1, 2, 3, 4, 5, 6].filter((index) => isSampled(index, 4, from))
    expect([sampled(), sampled(1), sampled(2)]).toEqual([
      [0, 4],
      [1, 5],
      [2, 6],
    ])
  })
})

test('what was found outlives a run that is broken off, and is unknown again when its file was edited', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'annex-record-'))
  try {
    const path = join(folder, 'record.jsonl')
    const [first, second] = [change('a.ts', 1), change('a.ts', 2)]
    const known = new Known(path)
    for (const status of ['Killed', 'Pending']) known.add(first, { status })
    known.add(second, { status: 'Survived' })
    await appendFile(path, '{"path":"a.ts","ha')
    const later = new Known(path)
    expect([later.of(first)?.status, later.of(second)?.status]).toEqual(['Pending', 'Survived'])
    expect(later.of({ ...second, hash: 'edited' })).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true })
  }
})

describe('the tests that look at a change', () => {
  const place = (file: string, ms: number) => ({ file, ms })
  const baseline = {
    tests: {
      own: place('x/f/a.test.ts', 50),
      more: place('x/f/a.test.ts', 400),
      beside: place('x/f/b.test.ts', 10),
      far: place('x/g/c.test.ts', 5),
    },
    files: {
      'x/f/a.test.ts': { overhead: 100 },
      'x/f/b.test.ts': { overhead: 10 },
      'x/g/c.test.ts': { overhead: 10 },
      'x/g/d.test.ts': { overhead: 10 },
    },
  }
  const plan = (budget: number, kills: [string, number][] = [], path = 'x/f/a.ts'): Plan =>
    planOf({ mutant: { path, home: 'x/f' }, tests: Object.keys(baseline.tests), baseline, kills: new Map(kills), budget })

  test('are the nearest first, and of these the ones that noticed something in the file before', () => {
    const files = (asked: Plan): string[] => asked.steps.map(({ file }) => file)
    expect(files(plan(1000))).toEqual(['x/f/a.test.ts', 'x/f/b.test.ts', 'x/g/c.test.ts'])
    expect(files(plan(1000, [], 'x/f/z.ts'))).toEqual(['x/f/b.test.ts', 'x/f/a.test.ts', 'x/g/c.test.ts'])
    expect(files(plan(1000, [['x/f/z.ts x/f/a.test.ts', 1]], 'x/f/z.ts'))[0]).toBe('x/f/a.test.ts')
  })

  test('are no more than there is time for, and it is told that some were left out', () => {
    expect(plan(1000).cut).toBe(false)
    expect(plan(160)).toEqual({ steps: [{ file: 'x/f/a.test.ts', ids: ['own'] }], cut: true })
    expect(plan(5)).toEqual({ steps: [], cut: true })
  })
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
