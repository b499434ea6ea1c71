import { pkce } from '../support/callers/connected-app.ts'
import { REDIRECT, type ClientName, type Credentials, type Side } from './side.ts'

export type Fields = readonly (readonly [string, string])[]

/** A request to a token endpoint before it goes out. */
export interface Request_ {
  readonly fields: Fields
  readonly headers: Readonly<Record<string, string>>
}

export interface Case {
  readonly name: string
  readonly ask: (side: Side) => Promise<Response>
}

/** How a change to one request of a kind is told: its name, and what becomes of the request. */
export type Change = readonly [name: string, change: (request: Request_, side: Side) => Request_ | Promise<Request_>]

export const { verifier: VERIFIER, challenge: CHALLENGE } = pkce()

let addresses = 0

/** From an address of its own, so that the failures of one case do not count against the next. */
export const post = (url: string, init: RequestInit): Promise<Response> => {
  addresses += 1
  const from = { 'x-forwarded-for': `10.0.${addresses >> 8}.${addresses & 255}` }
  return fetch(url, { method: 'POST', redirect: 'manual', ...init, headers: { ...(init.headers as Record<string, string>), ...from } })
}

export const send = (url: string, { fields, headers }: Request_): Promise<Response> =>
  post(url, { body: new URLSearchParams(fields.map(([name, value]) => [name, value])), headers })

export const basic = ({ id, secret }: Credentials): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

/** The client proves itself in the way that it is registered for. */
export function authenticated(side: Side, client: ClientName, fields: Fields): Request_ {
  const { id, secret } = side.clients[client]
  if (client === 'public') return { fields: [...fields, ['client_id', id]], headers: {} }
  if (client === 'post') return { fields: [...fields, ['client_id', id], ['client_secret', secret]], headers: {} }
  return { fields, headers: { authorization: basic({ id, secret }) } }
}

export async function codeRequest(side: Side, client: ClientName): Promise<Request_> {
  return andField(redemption(side, client, await side.code(client, CHALLENGE)), 'code_verifier', VERIFIER)
}

/** For a code that was asked for without a challenge. */
export const plainCodeRequest = async (side: Side, client: ClientName): Promise<Request_> =>
  redemption(side, client, await side.code(client, undefined))

const redemption = (side: Side, client: ClientName, code: string): Request_ =>
  authenticated(side, client, [
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['redirect_uri', REDIRECT],
  ])

/** @throws {Error} when the provider gives no tokens for a code */
export async function tokens(side: Side, client: ClientName): Promise<{ readonly access: string; readonly refresh: string }> {
  const response = await send(side.token, await codeRequest(side, client))
  const body = (await response.json()) as { readonly access_token?: string; readonly refresh_token?: string }
  if (!body.access_token || !body.refresh_token) throw new Error(`${side.token} gives no tokens: ${JSON.stringify(body)}`)
  return { access: body.access_token, refresh: body.refresh_token }
}

export async function refreshRequest(side: Side, client: ClientName): Promise<Request_> {
  return refreshWith(side, client, (await tokens(side, client)).refresh)
}

export const refreshWith = (side: Side, client: ClientName, token: string): Request_ =>
  authenticated(side, client, [
    ['grant_type', 'refresh_token'],
    ['refresh_token', token],
  ])

export const without = (request: Request_, name: string): Request_ => ({
  ...request,
  fields: request.fields.filter(([field]) => field !== name),
})
export const withField = (request: Request_, name: string, value: string): Request_ => {
  const { fields, headers } = without(request, name)
  return { headers, fields: [...fields, [name, value]] }
}
export const andField = ({ fields, headers }: Request_, name: string, value: string): Request_ => ({
  headers,
  fields: [...fields, [name, value]],
})
export const valueOf = ({ fields }: Request_, name: string): string => fields.find(([field]) => field === name)?.[1] ?? ''
export const withAuthorization = ({ fields }: Request_, authorization: string): Request_ => ({ fields, headers: { authorization } })

/** A case for each change of a request. */
export const changed = (kind: string, make: (side: Side) => Promise<Request_>, changes: readonly Change[]): Case[] =>
  changes.map(([name, change]) => ({
    name: `${kind}: ${name}`,
    ask: async (side) => send(side.token, await change(await make(side), side)),
  }))
