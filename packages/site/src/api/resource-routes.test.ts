import type { Values } from '@annex/protocol'
import { expect, it } from 'vitest'
import type { Backend } from '../backend/backend.ts'
import type { Exchange, Handler } from '../http/exchange.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { resourceRoutes } from './resource-routes.ts'

/** What reaches the backend when these arguments are sent to be inserted. */
async function inserted(args: Values): Promise<unknown> {
  const routes = new Map<string, Handler<Principal>>()
  const server = { route: (method: string, path: string, handler: Handler<Principal>) => routes.set(`${method} ${path}`, handler) }
  const reached: unknown[] = []
  const backend = {
    insert: (_: Principal, __: string, documents: readonly Values[]) => Promise.resolve((reached.push(...documents), documents)),
  }
  resourceRoutes(server as unknown as HttpServer<Principal>, backend as unknown as Backend)
  await routes.get('POST /api/resource/:doctype')?.({ args, params: { doctype: 'Client' } } as unknown as Exchange<Principal>)
  return reached[0]
}

it.each<[Values, Values]>([
  [{ title: 'A' }, { title: 'A' }],
  [{ data: { title: 'A' } }, { title: 'A' }],
  [{ data: '{"title":"A"}' }, { title: 'A' }],
  [
    { data: 'no JSON', title: 'A' },
    { data: 'no JSON', title: 'A' },
  ],
  [
    { data: null, title: 'A' },
    { data: null, title: 'A' },
  ],
])('the document in the arguments %j is %j', async (args, document) => {
  expect(await inserted(args)).toEqual(document)
})

it.each([[[]], [5], [true]])('data that is %j is no document', async (data) => {
  await expect(inserted({ data })).rejects.toMatchObject({ excType: 'ValidationError', status: 417 })
})
