import { codeRequest, post, refreshRequest, type Case, type Request_ } from './cases.ts'
import type { Side } from './side.ts'

const FORM = 'application/x-www-form-urlencoded'

const formOf = ({ fields }: Request_): string => new URLSearchParams(fields.map(([name, value]) => [name, value])).toString()

/** A good request in another wrapping. */
const wrapped = (name: string, wrap: (request: Request_, side: Side) => readonly [url: string, init: RequestInit]): Case => ({
  name: `a code of post: ${name}`,
  ask: async (side) => {
    const [url, init] = wrap(await codeRequest(side, 'post'), side)
    return post(url, init)
  },
})

const typed = (name: string, type: string, body: (request: Request_) => string): Case =>
  wrapped(name, (request, { token }) => [token, { body: body(request), headers: { 'content-type': type } }])

const byMethod = (method: string): Case =>
  wrapped(`by ${method}`, (request, { token }) => [token, { method, body: formOf(request), headers: { 'content-type': FORM } }])

export const transportCases: readonly Case[] = [
  ...['PUT', 'PATCH', 'DELETE'].map(byMethod),
  wrapped('by GET', (request, { token }) => [`${token}?${formOf(request)}`, { method: 'GET' }]),
  wrapped('in the address, by POST', (request, { token }) => [`${token}?${formOf(request)}`, {}]),
  typed('a character set named', `${FORM}; charset=utf-8`, formOf),
  typed('as text', 'text/plain', formOf),
  typed('as JSON', 'application/json', (request) => JSON.stringify(Object.fromEntries(request.fields))),
  typed('as JSON that is none', 'application/json', () => '{'),
  typed('as a list of JSON', 'application/json', () => '[]'),
  typed('an empty body', FORM, () => ''),
  typed('an escape that is none', FORM, (request) => `${formOf(request)}&x=%zz`),
  wrapped('in parts', (request, { token }) => {
    const body = new FormData()
    for (const [name, value] of request.fields) body.append(name, value)
    return [token, { body }]
  }),
  {
    name: 'a refresh token of post: a page of another site asks',
    ask: async (side) => {
      const request = await refreshRequest(side, 'post')
      const headers = { 'content-type': FORM, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      return post(side.token, { body: formOf(request), headers })
    },
  },
]
