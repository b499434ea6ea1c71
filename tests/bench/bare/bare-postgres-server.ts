import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { BarePostgresStore } from './bare-postgres-store.ts'

/** `node bare-postgres-server.ts URL`: the bare handler on PostgreSQL, for the kinds that are measured with two processes. */
async function main(url: string): Promise<void> {
  const store = new BarePostgresStore(url)
  await store.open()
  const server = Fastify({ logger: false })
  const forKnown =
    <R extends FastifyRequest>(work: (request: R) => Promise<unknown>) =>
    async (request: R, reply: FastifyReply): Promise<unknown> => {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
      return (await store.user(token)) === undefined ? reply.status(401).send({}) : { data: await work(request) }
    }
  server.get(
    '/api/resource/Item',
    forKnown(() => store.list()),
  )
  server.get<{ Params: { '*': string } }>(
    '/api/resource/Item/*',
    forKnown((request: FastifyRequest<{ Params: { '*': string } }>) => store.document(request.params['*'])),
  )
  server.post<{ Body: Record<string, unknown> }>(
    '/api/resource/Item',
    forKnown((request: FastifyRequest<{ Body: Record<string, unknown> }>) => store.insert(request.body)),
  )
  const origin = await server.listen({ port: 0, host: '127.0.0.1' })
  process.once('SIGTERM', () => {
    void server.close().then(() => store.close())
  })
  process.stdout.write(`listening on ${origin}\n`)
}

await main(process.argv[2] ?? '')
