import { posix } from 'node:path'

const site = 'packages/site/src'
const protocol = 'packages/protocol/src'
const oauth = `${site}/oauth`

/** What runs in a process of its own sees no change. */
export const processTests = `${oauth}/keys/rotation/lacking-process.test.ts`

/** Tests that go through the whole provider: whatever a folder of `oauth` does wrong may show in them. */
const provider = [`${oauth}/testing/*.test.ts`]

/** A folder of `oauth`, judged by its own tests, by those of the provider, and by those of the folders that stand on it. */
const folder = (name, ...standing) => [
  `oauth/${name}`,
  {
    mutate: [`${oauth}/${name}/**/*.ts`],
    tests: [`${oauth}/${name}/**/*.test.ts`, ...standing.map((other) => `${oauth}/${other}/**/*.test.ts`), ...provider],
  },
]

/** What is changed on purpose, and the tests that are to notice it. */
export const groups = Object.fromEntries([
  ['policy', { mutate: [`${site}/policy/*.ts`], tests: [`${site}/policy/**/*.test.ts`] }],
  ['guard', { mutate: [`${site}/backend/guard.ts`], tests: [`${site}/backend/guard*.test.ts`] }],
  ['scopes', { mutate: [`${protocol}/oauth/*.ts`], tests: [`${protocol}/oauth/*.test.ts`] }],
  folder('bearer', 'clients/uses', 'explain'),
  folder('grants', 'endpoints', 'grant-types'),
  folder('grant-types', 'endpoints', 'device'),
  folder('authorize'),
  folder('clients'),
  folder('keys'),
  folder('access'),
  folder('budgets'),
  folder('endpoints', 'grant-types'),
  folder('registration'),
  folder('device'),
  folder('logout'),
  [
    `oauth/settings`,
    { mutate: [`${oauth}/settings/**/*.ts`], tests: [`${oauth}/settings/**/*.test.ts`, `${oauth}/settings.test.ts`, ...provider] },
  ],
  folder('explain'),
  folder('telling'),
  folder('storage'),
  folder('usage'),
  folder('apps'),
  ['oauth/.', { mutate: [`${oauth}/*.ts`], tests: [`${oauth}/*.test.ts`, ...provider] }],
])

/**
 * The group that an argument names, or a file of it alone, with or without its lines (`oauth/bearer:last-uses.ts:36-45`).
 */
export function readGroup(text) {
  const [name, file, lines] = text.split(':')
  if (!Object.hasOwn(groups, name)) throw new Error(`There is no group ${name}; there are ${Object.keys(groups).join(', ')}.`)
  const { mutate, tests } = groups[name]
  const home = mutate[0].replace(/\/(?:\*\*\/)?[^/]*$/, '')
  if (file === undefined) return { name, home, mutate, tests, holds: ({ path }) => mutate.some((pattern) => isOf(path, pattern)) }
  const [first, last = first] = (lines ?? '1-1000000').split('-').map(Number)
  const holds = ({ path, start }) => path === `${home}/${file}` && start.line >= first && start.line <= last
  return { name: text, home, mutate: [`${home}/${file}`], tests, holds }
}

// Whether a file is one of a pattern's: `folder/**/*.ts`, `folder/*.ts`, or the file itself.
function isOf(path, pattern) {
  const [above, below] = pattern.split('/**/')
  if (below !== undefined) return path.startsWith(`${above}/`)
  return pattern.endsWith('/*.ts') ? posix.dirname(path) === posix.dirname(pattern) : path === pattern
}
