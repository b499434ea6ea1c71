import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeToRun } from './node-to-run.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * `--conditions=source` makes our packages run from their sources. A small young generation costs no speed that could be
 * measured, and keeps a site under load some 40 MB smaller.
 */
const flags = ['--conditions=source', '--max-semi-space-size=2']

/** What each word starts, as arguments of Node. */
const targets = {
  demo: [...flags, 'packages/cli/src/demo/main.ts'],
  site: [...flags, 'packages/site/src/main.ts'],
  cli: [...flags, 'packages/cli/src/main.ts'],
  'create-app': ['--conditions=source', 'packages/create-annex-app/src/main.ts'],
  connector: ['--conditions=source', 'packages/connector/src/command/main.ts'],
  bench: [...flags, 'tests/bench/main.ts'],
  'prove-connector': ['tools/prove-connector.mjs'],
  'prove-crash': ['tools/prove-crash.mjs'],
  'prove-api': ['tools/prove-api.mjs'],
  'prove-fuzz': ['tools/prove-fuzz.mjs'],
  'prove-mutation': ['tools/prove-mutation.mjs'],
  'prove-properties': ['tools/prove-properties.mjs'],
  'prove-transfer': [...flags, 'tests/transfer/main.ts'],
  'prove-budgets': [...flags, 'tests/budgets/main.ts'],
  contract: ['--conditions=source', 'tools/contract.mjs'],
  test: ['node_modules/vitest/vitest.mjs', 'run', '--root', root, '--reporter=default', '--reporter=./tools/summary-reporter.mjs'],
}

/** Sets the tree up when it has to be, then runs the target on the right Node; resolves to its exit code. */
export async function launch(target, args) {
  const command = Object.hasOwn(targets, target ?? '') ? targets[target] : undefined
  if (!command) {
    console.error(`Say what to start: ${Object.keys(targets).join(', ')}.`)
    return 2
  }
  try {
    await setUp(root)
    const node = nodeToRun(root)
    return await run(node, [...absolute(command), ...args], {
      env: { ...lean, ...process.env, PATH: pathOf(root) },
    })
  } catch (error) {
    console.error(error.message)
    return 1
  }
}

/**
 * Node keeps what it has compiled in the first: a warm start takes half the time and 20 MB less. The second keeps glibc from
 * a heap for each thread, which cost a site under load another 20 MB and gave nothing back in speed.
 */
const lean = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'annex', 'compiled'), MALLOC_ARENA_MAX: '2' }

// The working directory stays the caller's: `annex` may be given paths that mean something there.
const absolute = (command) => command.map((word) => (/^(packages|tests|tools|node_modules)\//.test(word) ? join(root, word) : word))

const pathOf = (folder) => [join(folder, 'node_modules', '.bin'), process.env.PATH].filter(Boolean).join(delimiter)
