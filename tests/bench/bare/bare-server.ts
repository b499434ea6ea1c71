import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { openBare } from './bare-database.ts'
import { addProvider } from './bare-provider-routes.ts'
import { BareProviderStore } from './bare-provider-store.ts'
import { BareStore } from './bare-store.ts'

/**
 * `node bare-server.ts DATABASE`: the least that could answer the requests of the bench.
 *
 * The same SQL behind the same addresses, and nothing else: no permissions, no scopes, no checked values, no errors worth
 * reading. What the site costs is what it needs beyond this.
 */
async function main(path: string): Promise<void> {
  const database = openBare(path)
  const store = new BareStore(database)
  const server = Fastify({ logger: false })
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  addReads(server, store)
  addWrites(server, store)
  addProvider(server, new BareProviderStore(database))
  const origin = await server.listen({ port: 0, host: '127.0.0.1' })
  process.once('SIGTERM', () => {
    void server.close().then(() => database.close())
  })
  process.stdout.write(`listening on ${origin}\n`)
}

function addReads(server: FastifyInstance, store: BareStore): void {
  server.get<{ Querystring: { filters?: string } }>('/api/resource/Item', (request, reply) => {
    if (!isKnown(store, request)) return refuse(reply)
    const { filters } = request.query
    return reply.send({
      data: filters === undefined ? store.list() : store.filtered((JSON.parse(filters) as [[string, string, number]])[0][2]),
    })
  })
  server.get<{ Params: { '*': string } }>('/api/resource/Item/*', (request, reply) =>
    isKnown(store, request) ? reply.send({ data: store.document(request.params['*']) }) : refuse(reply),
  )
  server.get<{ Querystring: { txt: string } }>('/api/method/frappe.desk.search.search_link', (request, reply) => {
    if (!isKnown(store, request)) return refuse(reply)
    const rows = store.search(request.query.txt.trim()) as { name: string; item_name: string; item_group: string }[]
    return reply.send({ message: rows.map((row) => ({ value: row.name, description: `${row.item_name}, ${row.item_group}` })) })
  })
  server.get('/api/method/frappe.auth.get_logged_user', (request, reply) => {
    const user = store.user(tokenOf(request))
    return user === undefined ? refuse(reply) : reply.send({ message: user })
  })
}

function addWrites(server: FastifyInstance, store: BareStore): void {
  server.post<{ Body: Record<string, unknown> }>('/api/resource/Item', (request, reply) =>
    isKnown(store, request) ? reply.send({ data: store.insert(request.body) }) : refuse(reply),
  )
}

const tokenOf = ({ headers }: FastifyRequest): string => headers.authorization?.slice('Bearer '.length) ?? ''
const isKnown = (store: BareStore, request: FastifyRequest): boolean => store.user(tokenOf(request)) !== undefined
const refuse = (reply: FastifyReply): FastifyReply => reply.status(401).send({})

await main(process.argv[2] ?? '')
