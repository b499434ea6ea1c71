import {
  andField,
  authenticated,
  basic,
  changed,
  codeRequest,
  refreshRequest,
  send,
  withAuthorization,
  withField,
  without,
  type Case,
  type Change,
  type Request_,
} from './cases.ts'
import type { ClientName, Side } from './side.ts'

const bare = (request: Request_): Request_ => without(without({ ...request, headers: {} }, 'client_id'), 'client_secret')

/** Every way to say who is asking, rightly and wrongly; the rest of the request is as it should be. */
const waysFor = (client: ClientName): readonly Change[] => [
  ['as it is registered', (request) => request],
  ['nobody', bare],
  ['its id alone', (request, side) => andField(bare(request), 'client_id', side.clients[client].id)],
  ['an id that nobody has', (request) => andField(bare(request), 'client_id', 'nobody')],
  ['an id that nobody has, by header', (request) => withAuthorization(bare(request), basic({ id: 'nobody', secret: 'x' }))],
  [
    'a wrong secret in the body',
    (request, side) => andField(andField(bare(request), 'client_id', side.clients[client].id), 'client_secret', 'wrong'),
  ],
  [
    'an empty secret in the body',
    (request, side) => andField(andField(bare(request), 'client_id', side.clients[client].id), 'client_secret', ''),
  ],
  ['a wrong secret by header', (request, side) => withAuthorization(bare(request), basic({ ...side.clients[client], secret: 'wrong' }))],
  ['its secret by header', (request, side) => withAuthorization(bare(request), basic(side.clients[client]))],
  [
    'its secret in the body',
    (request, side) =>
      andField(andField(bare(request), 'client_id', side.clients[client].id), 'client_secret', side.clients[client].secret),
  ],
  [
    'its secret in both places',
    (request, side) => {
      const twice = withField(withField(request, 'client_id', side.clients[client].id), 'client_secret', side.clients[client].secret)
      return withAuthorization(twice, basic(side.clients[client]))
    },
  ],
  [
    'its header and the id of another in the body',
    (request, side) => andField(withAuthorization(bare(request), basic(side.clients[client])), 'client_id', side.clients.service.id),
  ],
  ['a header that is no base64', (request) => withAuthorization(bare(request), 'Basic %%%')],
  ['a header without a colon', (request) => withAuthorization(bare(request), `Basic ${Buffer.from('nobody').toString('base64')}`)],
  ['a header of another scheme', (request) => withAuthorization(bare(request), 'Digest abc')],
  ['the id twice', (request, side) => andField(andField(bare(request), 'client_id', side.clients[client].id), 'client_id', 'x')],
  ['another app', (request, side) => ({ ...authenticated(side, client === 'post' ? 'basic' : 'post', bare(request).fields) })],
]

const CODE_CLIENTS = ['basic', 'post', 'public'] as const

const serviceRequest = async (side: Side): Promise<Request_> => authenticated(side, 'service', [['grant_type', 'client_credentials']])

const inTheAddress = (client: ClientName): Case => ({
  name: `a code of ${client}: the secret in the address`,
  ask: async (side) => {
    const { id, secret } = side.clients[client]
    return send(`${side.token}?${new URLSearchParams({ client_id: id, client_secret: secret })}`, bare(await codeRequest(side, client)))
  },
})

export const authenticationCases: readonly Case[] = [
  ...CODE_CLIENTS.flatMap((client) => [
    ...changed(`a code of ${client}`, (side) => codeRequest(side, client), waysFor(client)),
    ...changed(`a refresh token of ${client}`, (side) => refreshRequest(side, client), waysFor(client)),
  ]),
  ...changed('for itself', serviceRequest, waysFor('service')),
  inTheAddress('basic'),
  inTheAddress('post'),
]
