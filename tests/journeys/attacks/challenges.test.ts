import { isRecord } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../support/callers/api.ts'
import { ALICE, World } from './world.fixture.ts'

const VERBS = new Set(['get', 'post', 'put', 'patch', 'delete'])

interface Operation {
  readonly method: string
  readonly path: string
}

// What is said to whom is no matter of the engine.
describe('A refusal of any operation of the API', () => {
  let world: World
  let operations: readonly Operation[]
  let openid: string
  let all: string
  beforeAll(async () => {
    world = await World.open('sqlite')
    const { body } = await world.admin.send('GET', '/api/openapi.json')
    operations = operationsOf(body['paths'])
    openid = (await world.tokens(ALICE, 'openid')).access
    all = (await world.tokens(ALICE, 'openid all')).access
  })
  afterAll(() => world.close())

  /** The operations that refused the caller, by status, and those of them whose answer says not where a token comes from. */
  const crawl = async (headers: Readonly<Record<string, string>>) => {
    const api = new Api(world.site.url, headers)
    const refused: Record<number, number> = {}
    const silent: string[] = []
    for (const { method, path } of operations) {
      const reply = await api.send(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})
      if (reply.status !== 401 && reply.status !== 403) continue
      refused[reply.status] = (refused[reply.status] ?? 0) + 1
      const challenge = reply.headers.get('www-authenticate') ?? 'none'
      const named = `resource_metadata="${world.site.url}/.well-known/oauth-protected-resource"`
      if (!challenge.startsWith('Bearer ') || !challenge.includes(named)) silent.push(`${method} ${path} ${reply.status} ${challenge}`)
    }
    return { refused, silent }
  }

  it.each<[who: string, headers: () => Record<string, string>, status: number]>([
    ['nobody', () => ({}), 403],
    ['whoever shows an unknown token', () => ({ authorization: `Bearer at1_${'A'.repeat(43)}` }), 401],
    ['whoever shows an unknown API key', () => ({ authorization: 'token nobody:nothing' }), 401],
    ['whoever shows what is no credential', () => ({ authorization: 'Magic word' }), 401],
    ['an app without the scope', () => ({ authorization: `Bearer ${openid}` }), 403],
    ['an app whose user lacks the right', () => ({ authorization: `Bearer ${all}` }), 403],
  ])('challenges %s, and says where tokens come from', async (_who, headers, status) => {
    const { refused, silent } = await crawl(headers())
    expect(silent).toEqual([])
    expect(refused[status]).toBeGreaterThan(100)
  })
})

/** Every operation, with a name that nothing has in the place of each parameter. */
function operationsOf(paths: unknown): Operation[] {
  if (!isRecord(paths)) return []
  return Object.entries(paths).flatMap(([path, verbs]) =>
    Object.keys(isRecord(verbs) ? verbs : {})
      .filter((verb) => VERBS.has(verb))
      .map((verb) => ({ method: verb.toUpperCase(), path: path.replaceAll(/\{[^}]*\}/g, 'no-such-name') })),
  )
}
