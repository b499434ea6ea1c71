import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../../..', import.meta.url))
/** Rows that are tried on the provider alone, and on a whole site. */
const TABLES = ['packages/site/src/oauth/testing/rows', 'packages/site/src/oauth/testing/rows/secrets', 'tests/journeys/attacks/rows']

/** How many rows each group of the list of attacks has: A authorization and sign-in, B PKCE, C codes and clients, … */
const GROUPS = { A: 39, B: 8, C: 25, D: 15, E: 18, F: 14, G: 8, H: 7, I: 12 } as const
const ids = Object.entries(GROUPS).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, place) => group + String(place + 1).padStart(2, '0')),
)

/** Of what the site does not have, and so with no test at all. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  C14: 'clients show secrets, no assertions',
  C15: 'clients show secrets, no assertions',
  C16: 'clients show secrets, no assertions',
  H06: 'registrations are not managed by who made them',
  I07: 'requests are not pushed',
  I08: 'requests are not pushed',
  I09: 'requests are not pushed',
  I10: 'requests are not pushed',
  I11: 'tokens are not bound to keys',
  I12: 'tokens are not bound to keys',
}

/**
 * Rows of which a table shows what requests can: the answers, and all that is stored. What no request shows of them has a test named
 * by the id beside it.
 */
const BESIDES: Readonly<Record<string, readonly [place: string, why: string]>> = {
  A32: ['packages/site/src/oauth/authorize/attacks/attacks.test.ts', 'the id_token of a sign-in that took place in between'],
  C13: ['packages/site/src/oauth/testing/attacks-token.test.ts', 'the work that was done is counted, in statements'],
  E03: ['tests/journeys/attacks/second-process.test.ts', 'a second process refuses what the first revoked'],
  E12: ['tests/journeys/attacks/credentials.test.ts', 'two headers of one name, which fetch would join'],
  G07: ['packages/site/src/outgoing/outgoing.test.ts', 'names that resolve to places inside, or to another place the next time'],
  H04: ['packages/site/src/oauth/registration/registration.test.ts', 'that nobody is called, by anything, is seen by a listener'],
  H05: ['packages/site/src/oauth/registration/registration.test.ts', 'what is tidied away by itself'],
}

interface Row {
  readonly row: string
  readonly about: string
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && 'row' in value && 'about' in value
/** A row begins to tell about itself with the ids of others that it shows too. */
const idsOf = ({ row, about }: Row): string[] => [row, ...(/^(?:[A-I]\d\d )+/.exec(about)?.[0].trim().split(' ') ?? [])]

async function filesIn(folder: string, ending: string): Promise<string[]> {
  return (await readdir(join(root, folder))).filter((name) => name.endsWith(ending)).map((name) => join(root, folder, name))
}

describe('The list of attacks', () => {
  /** By the name under which a table hands them out. */
  const tables = new Map<string, readonly Row[]>()
  let tried = ''

  beforeAll(async () => {
    for (const folder of TABLES) {
      for (const file of await filesIn(folder, '-rows.fixture.ts'))
        for (const [name, rows] of Object.entries((await import(file)) as Record<string, unknown>))
          if (Array.isArray(rows) && rows.every(isRow)) tables.set(`${basename(file)} ${name}`, rows)
      for (const file of await filesIn(folder, '.test.ts')) tried += await readFile(file, 'utf8')
    }
  })

  it('has rows in the tables for each id but those of what is not built, and for no others', () => {
    const found = new Set([...tables.values()].flat().flatMap(idsOf))
    expect(ids.filter((id) => !found.has(id))).toEqual(Object.keys(NOT_BUILT))
    expect([...found].filter((id) => !ids.includes(id))).toEqual([])
  })

  it('has its tables tried, on both engines', () => {
    const untried = [...tables.keys()].filter((name) => !new RegExp(`\\btestRows(?:On)?\\([^)]*\\b${name.split(' ')[1]}\\b`).test(tried))
    expect(tables.size).toBeGreaterThan(TABLES.length)
    expect(untried).toEqual([])
  })

  it('tells rows apart by their names', () => {
    for (const [name, rows] of tables) {
      const names = rows.map(({ row, about }) => `${row} ${about}`)
      expect([name, names.filter((one, index) => names.indexOf(one) !== index)]).toEqual([name, []])
    }
  })

  it.each(Object.entries(BESIDES))('%s has a test of its own beside its rows', async (id, [place]) => {
    expect(await readFile(join(root, place), 'utf8')).toMatch(
      new RegExp(`(?:it|it\\.each\\([\\s\\S]*?\\)|describe)\\(\\s*['"\`][^'"\`]*\\b${id}\\b`),
    )
  })
})
