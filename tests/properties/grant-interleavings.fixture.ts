import { setImmediate } from 'node:timers/promises'
import type { Connection, Database } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import { Limits } from '../../packages/site/src/http/limits.ts'
import { Audit } from '../../packages/site/src/audit/audit.ts'
import { Admission } from '../../packages/site/src/oauth/admission.ts'
import { doctypeIdsOf } from '../../packages/site/src/oauth/authorize/requested/requested-scopes.ts'
import { ClientAuthentication } from '../../packages/site/src/oauth/clients/authentication/client-authentication.ts'
import type { Client } from '../../packages/site/src/oauth/clients/client.ts'
import { readClient } from '../../packages/site/src/oauth/clients/clients-store.ts'
import { revocationEndpoint } from '../../packages/site/src/oauth/endpoints/revocation-endpoint.ts'
import { authorizationCode } from '../../packages/site/src/oauth/grant-types/authorization-code.ts'
import type { GrantType } from '../../packages/site/src/oauth/grant-types/grant-type.ts'
import { refreshToken } from '../../packages/site/src/oauth/grant-types/refresh-token.ts'
import { insertCode } from '../../packages/site/src/oauth/grants/codes-store.ts'
import { Grants } from '../../packages/site/src/oauth/grants/grants.ts'
import { readLiveToken } from '../../packages/site/src/oauth/grants/tokens-store.ts'
import { Tokens, type IssuedTokens } from '../../packages/site/src/oauth/grants/tokens.ts'
import { REDIRECT, person, register } from '../../packages/site/src/oauth/testing/app.fixture.ts'
import { openProvider, type Provider } from '../../packages/site/src/oauth/testing/provider.fixture.ts'
import { tokenKey, randomText, tokenText } from '../../packages/site/src/oauth/token-text.ts'
import { GUEST } from '../../packages/site/src/policy/principal.ts'

/** One thing that somebody does with a grant. `pick` chooses among the tokens that were handed out so far: 0 is the last. */
export type Step =
  { readonly kind: 'exchange' | 'revoke' | 'wait' } | { readonly kind: 'refresh' | 'use' | 'revokeToken'; readonly pick: number }

export interface Plan {
  readonly opening: readonly Step[]
  readonly actors: readonly (readonly Step[])[]
}

/** What was seen of one grant while several did their steps at a time. */
export interface Story {
  readonly grant: string
  /** Refresh token shown, and what came back for it. */
  readonly rotations: readonly { readonly shown: string; readonly next: IssuedTokens }[]
  readonly exchanged: readonly IssuedTokens[]
  /**
   * Tokens that were good, or were handed out, although before the step began a revocation had been answered, or a replay
   * refused: of a code, or of a refresh token whose successor was used.
   */
  readonly late: readonly string[]
}

/** The verbs of the token endpoint over a database each of whose statements ends at a random moment. */
export interface Playground {
  readonly provider: Provider
  /** Each actor takes one step after the other, all of them at the same time; `opening` steps come before. */
  play(plan: Plan, seed: number): Promise<Story>
  close(): Promise<void>
}

const ELEVEN_SECONDS = 11_000_000

export async function openPlayground(engine: 'sqlite' | 'postgres'): Promise<Playground> {
  const provider = await openProvider(engine)
  const user = await person(provider)
  const { id, secret } = await register(provider, { scopes: 'Item:read Item:write' })
  const client = await readClient(provider.database.connection, id)
  if (!client) throw new Error('The client is not there')
  return {
    provider,
    play: (plan, seed) => new Play(provider, { client, secret, user }, seed).run(plan),
    close: () => provider.close(),
  }
}

interface People {
  readonly client: Client
  readonly secret: string
  readonly user: string
}

class Play {
  readonly #provider: Provider
  readonly #people: People
  readonly #database: Database
  readonly #grants: Grants
  readonly #exchange: GrantType
  readonly #refresh: GrantType
  readonly #revocation: Parameters<typeof revocationEndpoint>[1]
  readonly #given: IssuedTokens[] = []
  readonly #rotations: { shown: string; next: IssuedTokens }[] = []
  readonly #exchanged: IssuedTokens[] = []
  readonly #late: string[] = []
  #ahead = 0
  #revoked = false

  constructor(provider: Provider, people: People, seed: number) {
    this.#provider = provider
    this.#people = people
    this.#database = dawdling(provider.database, randomOf(seed))
    const now = (): number => Date.now() * 1000 + this.#ahead
    const [database, audit] = [this.#database, new Audit({ database: this.#database, now })]
    this.#grants = new Grants({ database, audit, listeners: [], now })
    const { clients } = provider.oauth
    const principal = { ...GUEST, user: people.user, roles: new Set(['Desk User']) }
    const users = {
      principal: async () => principal,
      person: async () => undefined,
      signedInAt: async () => undefined,
      holdSession: async () => true,
      endSession: async () => [],
    }
    const { generation, settings } = provider
    const admission = new Admission({ database, users, generation, settings, allowAdministrator: false })
    const issuer = (): string => provider.base
    const tokens = new Tokens(database, provider.keys, now)
    const parts = {
      database,
      grants: this.#grants,
      tokens,
      admission,
      uses: clients.uses,
      doctypeOf: (name: string) => provider.doctypes.get(name),
      issuer,
      now,
    }
    this.#exchange = authorizationCode(parts)
    this.#refresh = refreshToken(parts)
    const authentication = new ClientAuthentication({
      database,
      generation,
      now,
      failures: new Limits({ points: 20, seconds: 60 }),
      uses: clients.uses,
      audit,
    })
    this.#revocation = { database, audit, now, clients: authentication, grants: this.#grants, onFault: () => undefined }
  }

  async run({ opening, actors }: Plan): Promise<Story> {
    const { code, grant } = await this.#begin()
    for (const step of opening) await this.#take(step, code, grant)
    await Promise.all(
      actors.map(async (steps) => {
        for (const step of steps) await this.#take(step, code, grant)
      }),
    )
    return { grant, rotations: this.#rotations, exchanged: this.#exchanged, late: this.#late }
  }

  async #begin(): Promise<{ code: string; grant: string }> {
    const { client, user } = this.#people
    const code = tokenText('code', '1', randomText())
    const issued = Date.now() * 1000
    const scopes = ['Item:read', 'Item:write']
    const grant = await this.#provider.database.transaction(async (connection) => {
      const id = await this.#grants.insert(connection, {
        client: client.id,
        user,
        requested: scopes,
        granted: scopes,
        rejected: [],
        doctypeIds: doctypeIdsOf(scopes, (name) => this.#provider.doctypes.get(name)),
        authTime: issued,
      })
      const unused = { challenge: null, nonce: null, used_at: null, failures: 0 }
      const times = { issued, expires: issued + 600_000_000 }
      await insertCode(connection, {
        ...unused,
        ...times,
        hash: tokenKey(code),
        grant_id: id,
        client: client.id,
        redirect_uri: REDIRECT,
        redirect_named: 1,
      })
      return id
    })
    return { code, grant }
  }

  async #take(step: Step, code: string, grant: string): Promise<void> {
    if (step.kind === 'wait') this.#ahead += ELEVEN_SECONDS
    if (step.kind === 'revoke') {
      await this.#grants.revoke({ id: grant }, 'user_revoked')
      this.#revoked = true
    }
    if (step.kind === 'exchange') {
      const isReplay = this.#exchanged.length > 0
      await this.#ask(this.#exchange, { code, redirect_uri: REDIRECT }, isReplay, (next) => this.#exchanged.push(next))
    }
    if (!('pick' in step) || this.#given.length === 0) return
    const token = this.#given.at(-1 - (step.pick % this.#given.length))
    const shown = token?.refresh
    if (!token || shown === undefined) return
    if (step.kind === 'refresh')
      await this.#ask(this.#refresh, { refresh_token: shown }, this.#isReuse(shown), (next) => this.#rotations.push({ shown, next }))
    if (step.kind === 'use') await this.#use(token.access)
    if (step.kind === 'revokeToken') await this.#revokeToken(shown)
  }

  /** Whether the successor of a refresh token was exchanged already, as far as anybody was told. */
  #isReuse(shown: string): boolean {
    const successor = this.#rotations.find((rotation) => rotation.shown === shown)?.next.refresh
    return this.#rotations.some((rotation) => rotation.shown === successor)
  }

  /** A refusal is an answer too; anything else that is thrown is a fault. */
  async #ask(
    grantType: GrantType,
    values: Readonly<Record<string, string>>,
    isReplay: boolean,
    keep: (next: IssuedTokens) => void,
  ): Promise<void> {
    const deadBefore = this.#revoked || isReplay
    try {
      const { tokens } = await grantType({ client: this.#people.client, parameters: new Map(Object.entries(values)), ip: '192.0.2.1' })
      keep(tokens)
      this.#given.push(tokens)
      if (deadBefore) this.#late.push(tokens.access)
    } catch (error) {
      if (!(error instanceof OAuthError) || error.code !== 'invalid_grant') throw error
      if (isReplay) this.#revoked = true
    }
  }

  async #use(access: string): Promise<void> {
    const revokedBefore = this.#revoked
    const live = await readLiveToken(this.#database.connection, tokenKey(access), Date.now() * 1000 + this.#ahead)
    if (live && revokedBefore) this.#late.push(access)
  }

  async #revokeToken(token: string): Promise<void> {
    const { client, secret } = this.#people
    const body = new URLSearchParams({ token, client_id: client.id, client_secret: secret })
    const { query, ...bare } = {
      query: new URLSearchParams(),
      method: 'POST',
      path: '',
      params: {},
      files: new Map(),
      args: {},
      headers: {},
      cookies: {},
    }
    await revocationEndpoint({ ...bare, query, form: body, ip: '192.0.2.1', caller: GUEST, wantsPage: false }, this.#revocation)
    this.#revoked = true
  }
}

/** After each statement its caller waits for some turns of the event loop, so that others come in between. */
function dawdling(database: Database, random: () => number): Database {
  const wait = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) await setImmediate()
  }
  const slow = (connection: Connection): Connection =>
    connection.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        await wait()
        return result
      },
    })
  return {
    engine: database.engine,
    place: database.place,
    connection: slow(database.connection),
    transaction: async (work, options) => {
      await wait()
      return database.transaction((connection) => work(slow(connection)), options)
    },
    snapshot: (work) => database.snapshot((connection) => work(slow(connection))),
    close: () => database.close(),
  }
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
