import { expect, test } from 'vitest'

interface Entry {
  version?: string
  integrity?: string
  link?: boolean
  optionalDependencies?: Record<string, string>
}
const { faultsIn } = (await import(new URL('../../tools/check-lock.mjs', import.meta.url).href)) as {
  faultsIn: (lock: { packages: Record<string, Entry> }) => string[]
}

const whole = { version: '1.0.0', integrity: 'sha512-x' }

test('a lock with a version and a hash for everything has no faults', () => {
  const packages = {
    '': {},
    'node_modules/a': { ...whole, optionalDependencies: { b: '1.0.0' } },
    'node_modules/b': whole,
    'node_modules/ours': { link: true },
    'packages/ours': {},
  }
  expect(faultsIn({ packages })).toEqual([])
})

test('an optional dependency without a version is found, also when a stranger of its name lies elsewhere', () => {
  const a = { ...whole, optionalDependencies: { b: '1.0.0' } }
  expect(faultsIn({ packages: { '': {}, 'node_modules/a': a } })).toHaveLength(1)
  expect(faultsIn({ packages: { '': {}, 'node_modules/a': a, 'node_modules/c/node_modules/b': whole } })).toHaveLength(1)
  expect(faultsIn({ packages: { '': {}, 'node_modules/a': a, 'node_modules/a/node_modules/b': whole } })).toEqual([])
})

test('a package without a hash is found', () => {
  expect(faultsIn({ packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } })).toEqual(['node_modules/a: the lock has no hash of it'])
})
