import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../../..', import.meta.url))
const ROWS = 'packages/site/src/oauth/testing/rows'

/** How many rows each group of the list of attacks has: A authorization and sign-in, B PKCE, C codes and clients, … */
const GROUPS = { A: 39, B: 8, C: 25, D: 15, E: 18, F: 14, G: 8, H: 7, I: 12 } as const
const ids = Object.entries(GROUPS).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, place) => group + String(place + 1).padStart(2, '0')),
)
/** What the site does not have yet: assertions of clients, management of registrations, pushed requests, DPoP. */
const LATER = ['C14', 'C15', 'C16', 'H06', 'I07', 'I08', 'I09', 'I10', 'I11', 'I12']
/**
 * What a table of requests cannot show, and its own test does: work that is counted, a process that is killed, acts that cross, a
 * site with another address, everything that is stored; what the guard refuses, on a whole site (F02 to F06, F09); keys, what
 * they sign and who verifies it, and calls to others (G).
 */
const BY_THEMSELVES = [
  ['C13', 'D13', 'D14', 'E11', 'E17', 'E18'],
  ['F02', 'F03', 'F04', 'F05', 'F06', 'F09'],
  ['G01', 'G02', 'G03', 'G04', 'G05', 'G07', 'G08'],
].flat()

/** Names of tests stand in texts, not in what is said about them. */
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm
const texts = /(['"`])(?:(?!\1)[^\\\n]|\\.)*\1/g
const idsIn = (source: string): string[] =>
  [...source.replaceAll(comments, '').matchAll(texts)].flatMap(([text]) => text.match(/\b[A-I]\d\d\b/g) ?? [])

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const all = await readdir(join(root, folder), { recursive: true })
  return all
    .filter((name) => name.endsWith(ending) && !/node_modules|dist\//.test(name))
    .map((name) => join(root, folder, name))
    .filter((file) => file !== import.meta.filename)
}

/** Ids, and the files that name a test by them. */
async function named(files: readonly string[], counts: (source: string) => boolean): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const file of files) {
    const source = await readFile(file, 'utf8')
    if (counts(source)) for (const id of idsIn(source)) found.set(id, [...(found.get(id) ?? []), relative(root, file)])
  }
  return found
}

describe('The list of attacks', () => {
  it('has a test for each row, named by its id, on both engines', async () => {
    const tables = await filesIn(ROWS, '-rows.fixture.ts')
    const all = [...(await filesIn('packages/site/src', '.test.ts')), ...(await filesIn('tests', '.test.ts'))]
    // In tests of the connector D22 is a defect of another list.
    const tests = all.filter((file) => !file.includes('/connector/'))
    const found = await named([...tables, ...tests], (source) => source.includes('describe.each(engines)') || source.includes('AttackRow'))
    expect(ids.filter((id) => !LATER.includes(id) && !found.has(id))).toEqual([])
    expect(LATER.filter((id) => found.has(id))).toEqual([])
    expect([...found.keys()].filter((id) => !ids.includes(id))).toEqual([])
  })

  it('has a row of a table, that compares all that is stored, for each that requests can show', async () => {
    const found = await named(await filesIn(ROWS, '-rows.fixture.ts'), () => true)
    const missing = ids.filter((id) => !LATER.includes(id) && !found.has(id))
    expect(missing).toEqual(BY_THEMSELVES)
  })
})
