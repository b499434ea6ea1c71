import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Database } from '@annex/database'
import { ADMINISTRATOR } from '../../../../policy/principal.ts'
import { readClient } from '../../../clients/clients-store.ts'
import { revokeGrants } from '../../../grants/grants-store.ts'
import { Tokens } from '../../../grants/tokens.ts'
import { readTokenGrant } from '../../../grants/tokens-store.ts'
import { tokenKey } from '../../../token-text.ts'
import { INTROSPECT, REVOKE, ask, connect, me, post, tokensOf, type App, type Reply } from '../../app.fixture.ts'
import { Killed, killedAt } from '../../failing-database.fixture.ts'
import { PASSWORD, type Provider } from '../../provider.fixture.ts'
import { answered, errorOf, refusedAs, unknownToken } from '../answers-to-attacks.fixture.ts'
import type { AttackRow } from '../attack-row.fixture.ts'
import type { Stage } from '../stage.fixture.ts'
import { everythingStored } from '../stored-state.fixture.ts'

const ENDED = { oauth_grant: ['reason', 'revoked_at'] }
const ROTATED = { oauth_token: ['+2', 'successor', 'used_at'] }
const ISSUED = ['oauth.token.issued']
const REFUSED = 'oauth.token.refused: invalid_grant'
const ended = (by: string): string[] => ['oauth.grant.revoked: token_revoked', `oauth.token.revoked: ${by}`]
const revoke = ({ provider }: Stage, token: string): Promise<Reply> => post(provider, REVOKE, { token })
const as = ({ id, secret }: App): Record<string, string> => ({ client_id: id, client_secret: secret })

/** Statements of a refresh: a process may be killed before each. */
const STATEMENTS = 4

const narrow = (): { asked: string; held: string; resource: null } => ({ asked: 'openid all', held: 'openid all', resource: null })

/** A refresh as the endpoint does it, on a database that may fail. */
async function refreshOn(database: Database, { provider, app }: Stage, refreshToken: string): Promise<unknown> {
  const tokens = new Tokens(database, provider.keys, provider.now)
  const client = await readClient(provider.database.connection, app.id)
  const grant = await readTokenGrant(database.connection, tokenKey(refreshToken), app.id)
  return tokens.rotate({ refreshToken, grant: grant!.id, client: client!, narrow })
}

/** An app that heard nothing of its refresh asks again. */
function retried(about: string, lose: (stage: Stage, refresh: string) => Promise<void>): AttackRow {
  let [old, refresh] = ['', '']
  return {
    row: 'D13',
    about,
    attack: async (stage) => {
      ;({ access: old, refresh } = await stage.tokens())
      return async () => {
        await lose(stage, refresh)
        return stage.renew(refresh)
      }
    },
    answer: answered(200),
    changes: ROTATED,
    trail: ISSUED,
    holds: async (stage, [reply]) => {
      for (const token of [old, tokensOf(reply!).access]) expect((await me(stage.provider, token)).status).toBe(200)
      expect(tokensOf(await stage.renew(refresh))).toEqual(tokensOf(reply!))
    },
  }
}

const killed: readonly AttackRow[] = [
  ...Array.from({ length: STATEMENTS }, (_, statement) =>
    retried(`killed before statement ${statement} of a refresh: the retry succeeds`, async (stage, refresh) => {
      const failing = killedAt(stage.provider.database, statement)
      await expect(refreshOn(failing.database, stage, refresh)).rejects.toThrow(Killed)
    }),
  ),
  retried('killed after the commit of a refresh, before its answer: the retry gets the same pair', async (stage, refresh) => {
    const whole = killedAt(stage.provider.database, STATEMENTS)
    await refreshOn(whole.database, stage, refresh)
    expect(whole.count()).toBe(STATEMENTS)
  }),
  {
    row: 'D14',
    about: 'E03 killed in a revocation: nothing has ended, and the next one ends all',
    attack: async (stage) => {
      const { refresh, access } = await stage.tokens()
      const [grant] = await stage.provider.grants.list(stage.user, stage.app.id)
      return async () => {
        const failing = killedAt(stage.provider.database, 0)
        const revoking = failing.database.transaction((connection) =>
          revokeGrants(connection, { id: grant!.id }, 'user_revoked', stage.provider.now()),
        )
        await expect(revoking).rejects.toThrow(Killed)
        expect((await me(stage.provider, access)).status).toBe(200)
        return revoke(stage, refresh)
      }
    },
    answer: answered(200, {}),
    changes: ENDED,
    trail: ended('holder'),
  },
]

type Crossing = readonly [about: string, acts: (stage: Stage, tokens: { refresh: string; access: string }) => readonly Promise<Reply>[]]

/** Refreshes and a revocation at once, in either order. */
const CROSSINGS: readonly Crossing[] = [
  ['a refresh and a revocation', (stage, { refresh }) => [stage.renew(refresh), revoke(stage, refresh)]],
  ['a revocation and a refresh', (stage, { refresh }) => [revoke(stage, refresh), stage.renew(refresh)]],
  ['a refresh and a revocation by the access token', (stage, { refresh, access }) => [stage.renew(refresh), revoke(stage, access)]],
  [
    'four refreshes and a revocation among them',
    (stage, { refresh }) => [
      stage.renew(refresh),
      stage.renew(refresh),
      revoke(stage, refresh),
      stage.renew(refresh),
      stage.renew(refresh),
    ],
  ],
]

const isPair = ({ json }: Reply): boolean => 'access_token' in json
const isRefusal = ({ status }: Reply): boolean => status === 400

const crossing: readonly AttackRow[] = CROSSINGS.map(([about, acts]) => ({
  row: 'D14',
  about: `${about} at once leave nothing alive`,
  attack: async (stage) => {
    const tokens = await stage.tokens()
    return () => Promise.all(acts(stage, tokens))
  },
  answer: (reply, stage) => (isRefusal(reply) ? errorOf('invalid_grant') : answered(200))(reply, stage),
  changes: (replies) => ({ ...ENDED, ...(replies.some(isPair) ? ROTATED : {}) }),
  trail: (replies) =>
    [...ended('holder'), ...(replies.some(isPair) ? ISSUED : []), ...(replies.some(isRefusal) ? [REFUSED] : [])].toSorted(),
  holds: async (stage, replies) => {
    for (const { access, refresh } of replies.filter(isPair).map(tokensOf)) {
      expect((await me(stage.provider, access)).status).toBe(401)
      errorOf('invalid_grant')(await stage.renew(refresh), stage)
    }
  },
}))

/** A token of the site when it had another address. */
const elsewhere = (about: string, use: (stage: Stage, tokens: { access: string; refresh: string }) => Promise<Reply>) => ({
  row: 'E11',
  about,
  attack: async (stage: Stage) => {
    const { connection } = stage.provider.database
    const tokens = await stage.tokens({ resource: stage.provider.base })
    for (const table of ['oauth_token', 'oauth_grant'])
      await sql`update ${sql.table(table)} set resource = 'https://elsewhere.example' where client = ${stage.app.id}`.execute(connection)
    return () => use(stage, tokens)
  },
})

const audiences: readonly AttackRow[] = [
  {
    ...elsewhere('a token for another address opens nothing', (stage, { access }) => me(stage.provider, access)),
    answer: unknownToken,
    trail: ['oauth.bearer.refused: resource'],
  },
  {
    ...elsewhere('E07 nor is it told of', (stage, { access }) => post(stage.provider, INTROSPECT, { token: access, ...as(stage.app) })),
    answer: answered(200, { active: false }),
  },
  { ...elsewhere('nor renewed', (stage, { refresh }) => stage.renew(refresh)), ...refusedAs('invalid_grant') },
]

/** All that lies on the disk but the keys, as a thief reads it. */
async function stolen({ database, folder }: Provider): Promise<string> {
  const files = (await readdir(folder)).filter((name) => !name.startsWith('keys'))
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')))
  return [await everythingStored(database), ...texts].join('\n')
}

const secrecy: readonly AttackRow[] = [
  {
    row: 'E17',
    about: 'what is stored holds no token, code, secret, cookie or private key that is in use',
    client: { event_uri: 'https://app.example.com/events' },
    attack: async (stage) => {
      const code = await stage.code()
      return async () => {
        const first = await stage.swap(code)
        return [first, await stage.renew(tokensOf(first).refresh)]
      }
    },
    answer: answered(200),
    changes: { oauth_code: ['used_at'], oauth_token: ['+4'] },
    trail: ISSUED,
    holds: async (stage, replies) => {
      const rotated = await stage.provider.oauth.clients.rotateSecret(ADMINISTRATOR, stage.app.id, 60_000_000)
      const dump = await stolen(stage.provider)
      const { secret, eventSecret = '' } = stage.app
      const tokens = replies.map(tokensOf).flatMap(({ access, refresh }) => [access, refresh])
      const secrets = [...tokens, tokensOf(replies[0]!).idToken, secret, rotated.secret, eventSecret, stage.alice.cookie.slice(4), PASSWORD]
      for (const text of secrets) {
        expect(text.length).toBeGreaterThan(10)
        expect(dump).not.toContain(text)
      }
      expect(dump).not.toMatch(/"d":"/)
      expect(dump).toContain(stage.app.id)
    },
  },
  {
    row: 'E18',
    about: 'wherever a token is put, it stands in no log, in no trail, in no count and in no answer',
    attack: async (stage) => {
      const { access, refresh } = await connect(stage.provider, stage.alice, stage.app, { prompt: 'consent' })
      const { provider, app } = stage
      return async () => {
        const replies = [
          await me(provider, access),
          await me(provider, access, { 'user-agent': access, referer: `https://app.example.com/?t=${refresh}` }),
          await ask(provider, `/api/me?access_token=${access}`),
          await ask(provider, `/api/${access}`),
          await ask(provider, `/api/method/${access}`),
          await ask(provider, `/${refresh}/x?token=${refresh}`, { headers: { accept: 'text/html' } }),
          await post(provider, INTROSPECT, { token: access, client_id: access, client_secret: refresh }),
          await post(provider, REVOKE, { token: 'x', client_id: refresh, client_secret: access }),
          await stage.renew('x', { client_id: access, client_secret: refresh, scope: access }),
          await stage.renew(refresh, { scope: access }),
          await stage.swap(access, { redirect_uri: refresh, code_verifier: access }),
          await ask(provider, '/api/me', { headers: { authorization: `token ${access}:${refresh}` } }),
          await ask(provider, '/api/me', { headers: { cookie: `sid=${access}` } }),
        ]
        await provider.oauth.usage.flush()
        const dump = `${provider.logged.join('\n')}\n${await everythingStored(provider.database)}`
        for (const token of [access, refresh, app.secret]) {
          expect(dump).not.toContain(token)
          for (const { text, headers } of replies) expect(text + JSON.stringify([...headers])).not.toContain(token)
        }
        expect(provider.logged.join('\n')).toContain('/api/me')
        return replies
      }
    },
    answer: ({ status }) => expect(status).toBeLessThan(500),
    trail: ['oauth.token.refused: invalid_client', 'oauth.token.refused: invalid_grant', 'oauth.token.refused: invalid_scope'],
  },
]

export const storageRows = [...killed, ...crossing, ...audiences, ...secrecy]
