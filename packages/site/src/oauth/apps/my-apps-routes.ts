import type { Database } from '@annex/database'
import { splitScope } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { HttpServer } from '../../http/server.ts'
import type { Person } from '../../pages/layout.ts'
import { myAppsPage, type MyApp } from '../../pages/my-apps-page.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import { readClient } from '../clients/clients-store.ts'
import { hostOf } from '../clients/redirect-uris.ts'
import type { Grants } from '../grants/grants.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import type { Users } from '../oauth-parts.ts'
import { forPerson, shownTime } from './page-parts.ts'

export interface MyAppsParts {
  readonly database: Database
  readonly grants: Grants
  readonly users: Users
  readonly zone: string
}

type Request = Exchange<Principal>
const REVOKE = `${paths.myApps}/revoke`

/** What a person has allowed apps to do, and how they take it back. */
export function myAppsRoutes(server: HttpServer<Principal>, parts: MyAppsParts): void {
  server.route(
    'GET',
    paths.myApps,
    forPerson(parts.users, (exchange, person) => show(exchange, person, parts)),
  )
  server.route(
    'POST',
    REVOKE,
    forPerson(parts.users, (exchange) => revoke(exchange, parts)),
    { csrf: 'required' },
  )
}

async function show({ caller }: Request, person: Person, { grants, database, zone }: MyAppsParts): Promise<Answer> {
  const byClient = Map.groupBy(await grants.list(caller.user), (grant) => grant.client)
  const apps = await Promise.all([...byClient].map(([client, of]) => appOf(client, of, database, zone)))
  return { page: myAppsPage({ person, revokeAction: REVOKE, apps }) }
}

async function appOf(id: string, grants: readonly GrantRow[], database: Database, zone: string): Promise<MyApp> {
  const client = await readClient(database.connection, id)
  const created = Math.min(...grants.map((grant) => grant.created))
  const used = grants.filter((grant) => grant.last_used > grant.created).map((grant) => grant.last_used)
  return {
    clientId: id,
    name: client?.name ?? id,
    host: client ? hostOf(client.defaultRedirectUri) : '',
    scopes: [...new Set(grants.flatMap((grant) => splitScope(grant.granted)))],
    since: shownTime(created, zone),
    lastUsed: used.length === 0 ? undefined : shownTime(Math.max(...used), zone),
  }
}

/** Ends every grant of the app; what was unticked is forgotten with them. */
async function revoke({ caller, form }: Request, { grants }: MyAppsParts): Promise<Answer> {
  const client = form?.get('client_id')
  if (typeof client === 'string') await grants.revoke({ user: caller.user, client }, 'user_revoked')
  return { location: paths.myApps }
}
