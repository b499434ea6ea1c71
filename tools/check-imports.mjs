// Checks who imports whom, by .dependency-cruiser.mjs, and first that the check can fail.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import swc from '@swc/core'
import { cruise } from 'dependency-cruiser'
import configuration from '../.dependency-cruiser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

// dependency-cruiser asks swc for TypeScript without JSX, whatever a file is called.
const { parseFileSync } = swc
swc.parseFileSync = (path, settings) => parseFileSync(path, { ...settings, tsx: path.endsWith('x') })

/** Imports that must be refused, and by which rule: one of each kind, types included. */
const planted = {
  'packages/site/src/policy/planted.ts': [
    "import type { Database } from '@annex/database'\nexport type Planted = Database\n",
    'room-policy-packages',
  ],
  'packages/site/src/http/planted.ts': [
    "import type { Principal } from '../policy/principal.ts'\nexport type Planted = Principal\n",
    'room-http',
  ],
  'packages/site/src/api/planted.ts': ["export { sql } from 'kysely'\n", 'room-api-sql'],
  'packages/site/src/documents/planted.ts': ["export type { Guard } from '../backend/guard.ts'\n", 'room-documents-interface'],
  'packages/connector/src/core/tokens/planted.ts': ["export type { Buffer } from 'node:buffer'\n", 'connector-no-node'],
  'packages/connector/src/core/sealing/planted.ts': ["export type { Vault } from '../tokens/token-vault.ts'\n", 'core-sealing'],
  'packages/connector/src/core/links/planted.ts': ["export { memoryStore } from '../../stores/memory.ts'\n", 'connector-core'],
  'packages/connector/src/react/planted.tsx': [
    "export const Planted = () => <b />\nexport { memoryStore } from '../stores/memory.ts'\n",
    'connector-core',
  ],
  'packages/connector/src/adapters/planted.ts': ["export type { Database } from '@annex/database'\n", 'connector-database'],
  'packages/connector/src/core/setup/planted.ts': ["export { jwtVerify } from 'jose'\n", 'connector-jose'],
  'packages/connector/src/core/sign-in/planted.ts': ["export { IdTokens } from './id-token.ts'\n", 'connector-jose-late'],
  'packages/connector/src/core/drawer/planted.ts': ["export * from '../errors.ts'\n", 'no-unknown-core-room'],
  'packages/protocol/src/planted.ts': ["export type { Database } from '@annex/database'\n", 'package-protocol'],
  'packages/connector/src/planted.ts': ["export { scopeList } from '../../protocol/src/oauth/scopes.ts'\n", 'front-door'],
  'apps/field-sales/src/planted.ts': ["export * from '@annex/protocol'\n", 'apps'],
  'packages/database/src/planted.ts': ["export * from './planted.ts'\n", 'no-cycle'],
}

process.exitCode = await main()

async function main() {
  const unseen = await plantedUnseen()
  if (unseen.length > 0) return fail(`The check is blind: it did not see what was planted for ${unseen.join(', ')}.`)
  const { violations, modules } = await look(root)
  if (modules === 0) return fail('The check saw no module at all.')
  for (const { from, to, rule, comment } of violations) console.error(`${from} → ${to}: ${rule}${comment ? ` (${comment})` : ''}`)
  if (violations.length > 0) return fail(`${violations.length} imports are not allowed.`)
  console.log(`${modules} modules, every import allowed; ${Object.keys(planted).length} planted ones were seen.`)
  return 0
}

/** The rules that miss what was planted for them, in a copy of the sources. */
async function plantedUnseen() {
  const copy = mkdtempSync(join(tmpdir(), 'annex-imports-'))
  try {
    for (const folder of ['packages', 'apps'])
      cpSync(join(root, folder), join(copy, folder), {
        recursive: true,
        filter: (path) => !['dist', 'node_modules'].includes(basename(path)),
      })
    mkdirSync(join(copy, 'node_modules/@annex'), { recursive: true })
    for (const name of ['protocol', 'database', 'connector', 'site'])
      symlinkSync(`../../packages/${name}`, join(copy, 'node_modules/@annex', name))
    for (const name of ['kysely', 'jose']) symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
    for (const [file, [text]] of Object.entries(planted)) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), text)
    }
    const { violations } = await look(copy)
    const seen = ([file, [, rule]]) => violations.some((found) => found.from === file && found.rule === rule)
    return Object.entries(planted).flatMap((entry) => (seen(entry) ? [] : [entry[1][1]]))
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

async function look(folder) {
  const { forbidden, options } = configuration
  const { output } = await cruise(
    ['packages', 'apps'],
    { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } },
    options.enhancedResolveOptions,
  )
  const ours = output.modules.filter((module) => /^(?:packages|apps)\//.test(module.source))
  const comments = new Map(forbidden.map((rule) => [rule.name, rule.comment]))
  const violations = output.summary.violations.map(({ from, to, rule }) => ({
    from,
    to,
    rule: rule.name,
    comment: comments.get(rule.name),
  }))
  return { violations, modules: ours.length }
}

function fail(sentence) {
  console.error(sentence)
  return 1
}
