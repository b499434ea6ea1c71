import {
  CHALLENGE,
  VERIFIER,
  andField,
  authenticated,
  changed,
  codeRequest,
  plainCodeRequest,
  refreshRequest,
  refreshWith,
  send,
  tokens,
  valueOf,
  withField,
  without,
  type Case,
  type Change,
  type Fields,
} from './cases.ts'
import { REDIRECT, SCOPE, type ClientName, type Side } from './side.ts'

const ofCode: readonly Change[] = [
  ['no code', (request) => without(request, 'code')],
  ['an empty code', (request) => withField(request, 'code', '')],
  ['a code that nobody issued', (request) => withField(request, 'code', 'x'.repeat(43))],
  ['a code that is no text of ours', (request) => withField(request, 'code', 'ä ö')],
  ['a very long code', (request) => withField(request, 'code', 'x'.repeat(4000))],
  ['the code twice', (request) => andField(request, 'code', valueOf(request, 'code'))],
  ['no redirect URI', (request) => without(request, 'redirect_uri')],
  ['an empty redirect URI', (request) => withField(request, 'redirect_uri', '')],
  ['another redirect URI', (request) => withField(request, 'redirect_uri', 'https://evil.example/cb')],
  ['a redirect URI with a slash more', (request) => withField(request, 'redirect_uri', `${REDIRECT}/`)],
  ['no verifier', (request) => without(request, 'code_verifier')],
  ['an empty verifier', (request) => withField(request, 'code_verifier', '')],
  ['another verifier', (request) => withField(request, 'code_verifier', 'x'.repeat(43))],
  ['a verifier of 42 characters', (request) => withField(request, 'code_verifier', 'x'.repeat(42))],
  ['a verifier of 129 characters', (request) => withField(request, 'code_verifier', 'x'.repeat(129))],
  ['a verifier with a space', (request) => withField(request, 'code_verifier', `${'x'.repeat(42)} `)],
  ['the challenge as verifier', (request) => withField(request, 'code_verifier', CHALLENGE)],
  ['the verifier twice', (request) => andField(request, 'code_verifier', VERIFIER)],
  ['a scope beside it', (request) => andField(request, 'scope', 'openid')],
  ['a parameter that nobody knows', (request) => andField(request, 'colour', 'green')],
]

const ofRefresh: readonly Change[] = [
  ['none', (request) => without(request, 'refresh_token')],
  ['an empty one', (request) => withField(request, 'refresh_token', '')],
  ['one that nobody issued', (request) => withField(request, 'refresh_token', 'x'.repeat(43))],
  ['one that is no text of ours', (request) => withField(request, 'refresh_token', 'ä ö')],
  ['it twice', (request) => andField(request, 'refresh_token', valueOf(request, 'refresh_token'))],
  ['fewer scopes', (request) => withField(request, 'scope', 'openid email')],
  ['the same scopes', (request) => withField(request, 'scope', SCOPE)],
  ['the same scopes in another order', (request) => withField(request, 'scope', SCOPE.split(' ').toReversed().join(' '))],
  ['a scope more', (request) => withField(request, 'scope', `${SCOPE} offline_access`)],
  ['a scope that nobody knows', (request) => withField(request, 'scope', 'openid nonsense')],
  ['a scope twice', (request) => withField(request, 'scope', 'openid openid')],
  ['no scope, said so', (request) => withField(request, 'scope', '')],
  ['a redirect URI beside it', (request) => andField(request, 'redirect_uri', REDIRECT)],
]

/** What came before decides. */
const chains = (client: ClientName): Case[] => [
  {
    name: `a code of ${client}: used already`,
    ask: async (side) => {
      const request = await codeRequest(side, client)
      await send(side.token, request)
      return send(side.token, request)
    },
  },
  {
    name: `a refresh token of ${client}: of a code that was used again`,
    ask: async (side) => {
      const request = await codeRequest(side, client)
      const { refresh_token: refresh } = (await (await send(side.token, request)).json()) as { readonly refresh_token: string }
      await send(side.token, request)
      return send(side.token, refreshWith(side, client, refresh))
    },
  },
  {
    name: `a code of ${client}: with the right verifier after a wrong one`,
    ask: async (side) => {
      const request = await codeRequest(side, client)
      await send(side.token, withField(request, 'code_verifier', 'x'.repeat(43)))
      return send(side.token, request)
    },
  },
  {
    name: `a refresh token of ${client}: the third of a chain`,
    ask: async (side) => renewed(side, client, await renewedToken(side, client, await renewedToken(side, client))),
  },
  {
    name: `a refresh token of ${client}: used already`,
    ask: async (side) => {
      const { refresh } = await tokens(side, client)
      await renewed(side, client, refresh)
      return renewed(side, client, refresh)
    },
  },
  {
    name: `a refresh token of ${client}: whose predecessor was used again`,
    ask: async (side) => {
      const { refresh } = await tokens(side, client)
      const next = await renewedToken(side, client, refresh)
      await renewed(side, client, refresh)
      return renewed(side, client, next)
    },
  },
  {
    name: `a refresh token of ${client}: revoked`,
    ask: async (side) => {
      const { refresh } = await tokens(side, client)
      await revoke(side, client, refresh)
      return renewed(side, client, refresh)
    },
  },
  {
    name: `a refresh token of ${client}: an access token in its place`,
    ask: async (side) => renewed(side, client, (await tokens(side, client)).access),
  },
  {
    name: `a refresh token of ${client}: a code in its place`,
    ask: async (side) => renewed(side, client, await side.code(client, CHALLENGE)),
  },
]

const renewed = (side: Side, client: ClientName, token: string): Promise<Response> => send(side.token, refreshWith(side, client, token))

async function renewedToken(side: Side, client: ClientName, token?: string): Promise<string> {
  const response = await renewed(side, client, token ?? (await tokens(side, client)).refresh)
  return ((await response.json()) as { readonly refresh_token: string }).refresh_token
}

const revoke = (side: Side, client: ClientName, token: string): Promise<Response> =>
  send(side.revocation, authenticated(side, client, [['token', token]]))

const plain: readonly Case[] = changed('a code that no challenge came with', (side) => plainCodeRequest(side, 'basic'), [
  ['no verifier', (request) => request],
  ['a verifier', (request) => withField(request, 'code_verifier', VERIFIER)],
  ['an empty verifier', (request) => withField(request, 'code_verifier', '')],
])

const asked = (client: ClientName, name: string, fields: Fields): Case => ({
  name: `${client} asks for ${name}`,
  ask: (side) => send(side.token, authenticated(side, client, fields)),
})

const GRANT_TYPES: readonly (readonly [string, Fields])[] = [
  ['no grant type', []],
  ['an empty grant type', [['grant_type', '']]],
  ['a grant type that nobody knows', [['grant_type', 'nonsense']]],
  ['a grant type in capitals', [['grant_type', 'AUTHORIZATION_CODE']]],
  ['implicit', [['grant_type', 'implicit']]],
  ['a grant type twice', [['grant_type', 'refresh_token'], ['grant_type', 'refresh_token']]], // prettier-ignore
  ['tokens by a password', [['grant_type', 'password'], ['username', 'alice@example.com'], ['password', 'Corr3ct-horse-alice']]], // prettier-ignore
]

const FOR_ITSELF: readonly (readonly [string, Fields])[] = [
  ['a part of its scopes', [['scope', 'Item:read']]],
  ['all its scopes', [['scope', 'Item:read Customer:read']]],
  ['a scope that it may not have', [['scope', 'profile']]],
  ['a scope that nobody knows', [['scope', 'nonsense']]],
  ['openid', [['scope', 'openid']]],
  ['no scope, said so', [['scope', '']]],
]

export const grantCases: readonly Case[] = [
  ...(['basic', 'public'] as const).flatMap((client) => [
    ...changed(`a code of ${client}`, (side) => codeRequest(side, client), ofCode),
    ...changed(`a refresh token of ${client}`, (side) => refreshRequest(side, client), ofRefresh),
    ...chains(client),
  ]),
  ...plain,
  ...(['basic', 'post', 'public'] as const).flatMap((client) => GRANT_TYPES.map(([name, fields]) => asked(client, name, fields))),
  ...FOR_ITSELF.map(([name, fields]) => asked('service', name, [['grant_type', 'client_credentials'], ...fields])),
  ...(['basic', 'public'] as const).map((client) => asked(client, 'tokens for itself', [['grant_type', 'client_credentials']])),
]
