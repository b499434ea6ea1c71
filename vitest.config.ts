import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source', 'module', 'default'] },
  ssr: { resolve: { conditions: ['source', 'node', 'module', 'default'], externalConditions: ['source'] } },
  test: {
    include: ['packages/**/src/**/*.test.ts', 'apps/**/src/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    execArgv: ['--conditions=source'],
    globalSetup: ['tests/support/postgres.ts'],
    pool: 'forks',
    // The runner's default is one less than the cores: on two, one file after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes sooner or later, by how busy the machine is; the usual second is too short for a browser beside other work.
    expect: { poll: { timeout: 20_000 } },
  },
})
