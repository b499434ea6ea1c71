import { performance } from 'node:perf_hooks'
import { Generation, openDatabase } from '@annex/database'
import { DocTypes } from '../../packages/site/src/doctypes/doctypes.ts'
import { Clock } from '../../packages/site/src/doctypes/values/clock.ts'
import { Documents } from '../../packages/site/src/documents/documents.ts'
import { Accounts } from '../../packages/site/src/identity/accounts/accounts.ts'
import { Principals } from '../../packages/site/src/identity/principals.ts'
import { bearerAuthenticator, invalidToken } from '../../packages/site/src/oauth/bearer/bearer-authenticator.ts'
import { LastUses } from '../../packages/site/src/oauth/bearer/last-uses.ts'
import { testSealer } from '../../packages/site/src/oauth/keys/sealing/sealer.fixture.ts'
import { Usage } from '../../packages/site/src/oauth/usage/usage.ts'
import { openBare } from './bare/bare-database.ts'
import { BareStore } from './bare/bare-store.ts'
import type { TokenCheck } from './report.ts'

const BATCH = 100

/**
 * Measures the site's judge of bearer tokens alone, in this process, with the parts that the site gives it:
 * from the Authorization header to the caller with roles and permissions.
 */
export async function measureTokenCheck(path: string, token: string, seconds: number): Promise<TokenCheck> {
  const file = openBare(path)
  const bare = new BareStore(file)
  const database = await openDatabase(`sqlite:${path}`)
  try {
    const authenticate = await authenticatorOver(database)
    const credentials = { headers: { authorization: `Bearer ${token}` }, cookies: {}, args: {}, method: 'GET', path: '/', ip: '127.0.0.1' }
    const known = await authenticate(credentials)
    if (known === undefined) throw new Error('The token of the bench is not known to the site')
    const check = async (): Promise<void> => void (await authenticate(credentials))
    const statement = (): void => void bare.user(token)
    // Unmeasured: code that is met for the first time is slow.
    await costOf(seconds / 4, check)
    await costOf(seconds / 4, statement)
    return { site: await costOf(seconds / 2, check), bare: await costOf(seconds / 2, statement) }
  } finally {
    await database.close()
    file.close()
  }
}

const now = (): number => Date.now() * 1000

async function authenticatorOver(database: Awaited<ReturnType<typeof openDatabase>>): Promise<ReturnType<typeof bearerAuthenticator>> {
  const generation = new Generation(database)
  const doctypes = new DocTypes(database)
  generation.onChange(() => doctypes.load())
  const documents = new Documents({
    database,
    doctypes,
    clock: new Clock(),
    zone: 'UTC',
    controllers: new Map(),
    methods: new Map(),
    sealer: testSealer(),
  })
  const principals = new Principals({
    accounts: new Accounts(database),
    documents,
    generation,
    doctypeOf: (name) => doctypes.get(name),
    defaultsOf: async () => new Map(),
  })
  return bearerAuthenticator({
    database,
    generation,
    principalOf: (user, rights) => principals.of(user, rights),
    admits: () => true,
    holds: async () => true,
    isForSite: () => true,
    uses: { note: () => undefined },
    audit: { refuse: async () => '' },
    refusals: { refuse: async ({ hash = '' }) => invalidToken('', hash) },
    lastUses: new LastUses(database, () => undefined),
    usage: new Usage({ database, now, onFault: () => undefined }),
    budgets: { spend: async () => () => undefined },
    resourceMetadata: () => '',
    now,
  })
}

/** Microseconds of processor time that one act takes of this thread, so that a pause of the machine does not count. */
async function costOf(seconds: number, act: () => Promise<void> | void): Promise<number> {
  const end = performance.now() + seconds * 1000
  const before = process.threadCpuUsage()
  let count = 0
  do {
    for (let of = 0; of < BATCH; of += 1) await act()
    count += BATCH
  } while (performance.now() < end)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / count
}
