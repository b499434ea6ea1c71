import { createHash } from 'node:crypto'
import type Sqlite from 'better-sqlite3'
import { durably, EPOCH, GENERATION, now, type Row } from './bare-database.ts'
import { keyOf, newToken, sha256 } from './bare-tokens.ts'

/** What an app shows of itself. */
export interface Shown {
  readonly id: string
  readonly secret: string
}

export interface ShownCode {
  readonly code: string
  readonly verifier: string
}

type Grant = Readonly<Record<'id' | 'user' | 'client' | 'granted', string>>
type Token = Readonly<Record<'client' | 'scope' | 'user', string>>
type Pair = Readonly<Record<'access' | 'refresh', string>>
type Code = Readonly<Record<'client' | 'grant_id' | 'challenge', string>>

const DAY = 86_400_000_000

/**
 * What the site asks of SQLite for each kind of request to the provider, statement by statement, each change in one
 * transaction that is as durable as the site's, and nothing around it: no policy, no signature, no trail, no counts.
 */
export class BareProviderStore {
  readonly #database: Sqlite.Database
  readonly #statements: ReturnType<typeof statements>
  readonly #rotating: Sqlite.Transaction<(token: string, grant: string) => Row>
  readonly #redeeming: Sqlite.Transaction<(hash: string, code: Code) => Row>
  readonly #issuing: Sqlite.Transaction<(grant: Grant, client: string) => Row>

  constructor(database: Sqlite.Database) {
    this.#database = database
    this.#statements = statements(database)
    this.#rotating = database.transaction((token: string, grant: string) => this.#rotate(token, grant))
    this.#redeeming = database.transaction((hash: string, code: Code) => this.#redeem(hash, code))
    this.#issuing = database.transaction((grant: Grant, client: string) => this.#issueAccess(grant, client))
  }

  refresh(token: string, shown: Shown): Row | undefined {
    if (!this.#client(shown)) return undefined
    const grant = this.#statements.tokenGrant.get(keyOf(token), shown.id) as Pick<Grant, 'id'> | undefined
    if (!grant) return undefined
    return this.#rotating.immediate(token, grant.id)
  }

  exchange({ code, verifier }: ShownCode, shown: Shown): Row | undefined {
    if (!this.#client(shown)) return undefined
    const hash = keyOf(code)
    const row = this.#statements.code.get(hash) as Code | undefined
    if (row?.client !== shown.id || row.challenge !== createHash('sha256').update(verifier).digest('base64url')) return undefined
    const grant = this.#statements.grant.get(row.grant_id) as Grant
    const pair = durably(this.#database, () => this.#redeeming.immediate(hash, row))
    // What the id_token would say.
    this.#statements.account.get(grant.user)
    return pair
  }

  credentials(shown: Shown): Row | undefined {
    const client = this.#client(shown)
    if (!client) return undefined
    const grant = this.#statements.serviceGrant.get(client['service_user'], shown.id, now()) as Grant
    return this.#issuing.immediate(grant, shown.id)
  }

  introspect(token: string, shown: Shown): Row | undefined {
    if (!this.#client(shown)) return undefined
    const live = this.#statements.liveToken.get(keyOf(token), now()) as Token | undefined
    if (live?.client !== shown.id) return { active: false }
    const { sub } = this.#statements.account.get(live.user) as { sub: string }
    return { active: true, client_id: live.client, scope: live.scope, sub, username: live.user }
  }

  #client({ id, secret }: Shown): Row | undefined {
    const [client] = this.#statements.client.all(id) as Row[]
    const secrets = this.#statements.secrets.all(id, now()) as { hash: string }[]
    return secrets.some(({ hash }) => hash === sha256(secret)) ? client : undefined
  }

  #rotate(token: string, id: string): Row {
    const grant = this.#statements.lockGrant.get(now(), id, now()) as Grant
    const pair = newPair()
    const consumed = this.#statements.consumeToken.get(now(), keyOf(pair.refresh), keyOf(token), id, now())
    if (!consumed) throw new Error('A refresh token of the bench was used before')
    return this.#issuePair(grant, pair)
  }

  #redeem(hash: string, code: Code): Row {
    const grant = this.#statements.lockGrant.get(now(), code.grant_id, now()) as Grant
    const consumed = this.#statements.consumeCode.get(now(), hash, now())
    if (!consumed) throw new Error('A code of the bench was used before')
    return this.#issuePair(grant, newPair())
  }

  #issuePair({ id, client, granted }: Grant, { access, refresh }: Pair): Row {
    const shared = [id, client, granted, null, now(), now() + DAY, null, null]
    this.#statements.issuePair.run(keyOf(access), 'access', ...shared, keyOf(refresh), 'refresh', ...shared)
    return { access_token: access, token_type: 'Bearer', expires_in: 3600, refresh_token: refresh, scope: granted }
  }

  #issueAccess({ id, granted }: Grant, client: string): Row {
    const access = newToken('at')
    this.#statements.issueAccess.run(keyOf(access), 'access', id, client, granted, null, now(), now() + DAY, null, null)
    return { access_token: access, token_type: 'Bearer', expires_in: 3600, scope: granted }
  }
}

const newPair = (): Pair => ({ access: newToken('at'), refresh: newToken('rt') })

const TOKEN_COLUMNS = '(hash, kind, grant_id, client, scope, resource, issued, expires, used_at, successor)'
const TOKEN_VALUES = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
const ALIVE = `revoked_at is null and expires > +? and epoch = ${EPOCH}`

// A plus before each value, as in the site: without it SQLite plans the statement anew whenever it is given one.
function statements(database: Sqlite.Database) {
  return {
    // Primary keys, and the indexes on parent and client.
    client: database.prepare(
      `select client.*, role.role, ${GENERATION} as generation from oauth_state as state left join "tabOAuth Client" as client on client.name = +?
       left join "tabOAuth Client Role" as role on role.parent = client.name where state.id = 1`,
    ),
    secrets: database.prepare(
      'select * from client_secret where client = +? and (expires is null or expires > +?) order by created desc, id',
    ),
    account: database.prepare('select * from account where user = +?'),
    tokenGrant: database.prepare(
      `select "grant".id, "grant".user from oauth_token as token join oauth_grant as "grant" on "grant".id = token.grant_id
       where token.hash = +? and token.kind = 'refresh' and token.client = +?`,
    ),
    liveToken: database.prepare(
      `select token.*, "grant".user, "grant".filters, "grant".details, "grant".kind as grant_kind
       from oauth_token as token join oauth_grant as "grant" on "grant".id = token.grant_id
       where token.hash = +? and token.expires > +? and token.used_at is null and "grant".revoked_at is null and "grant".epoch = ${EPOCH}`,
    ),
    code: database.prepare('select * from oauth_code where hash = +?'),
    grant: database.prepare('select * from oauth_grant where id = +?'),
    // Index on user and client.
    serviceGrant: database.prepare(
      `select * from oauth_grant where user = +? and client = +? and kind = 'service' and ${ALIVE} order by created desc, id limit 1`,
    ),
    lockGrant: database.prepare(`update oauth_grant set last_used = +? where id = +? and ${ALIVE} returning *`),
    consumeToken: database.prepare(
      `update oauth_token set used_at = +?, successor = +? where hash = +? and grant_id = +? and kind = 'refresh'
       and used_at is null and expires > +? returning hash`,
    ),
    consumeCode: database.prepare(
      'update oauth_code set used_at = +? where hash = +? and used_at is null and expires > +? and failures < 5 returning hash',
    ),
    issuePair: database.prepare(`insert into oauth_token ${TOKEN_COLUMNS} values ${TOKEN_VALUES}, ${TOKEN_VALUES}`),
    issueAccess: database.prepare(`insert into oauth_token ${TOKEN_COLUMNS} values ${TOKEN_VALUES}`),
  }
}
