import { OAUTH_PATHS } from '@annex/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { BareProviderStore, Shown } from './bare-provider-store.ts'

type Form = FastifyRequest<{ Body: URLSearchParams }>

/** The provider's endpoints of the bare handler. */
export function addProvider(server: FastifyInstance, store: BareProviderStore): void {
  server.post(OAUTH_PATHS.token, (request: Form, reply) => {
    const answer = tokens(store, request)
    return answer ? reply.send(answer) : reply.status(401).send({})
  })
  server.post(OAUTH_PATHS.introspect, (request: Form, reply) => {
    const answer = store.introspect(field(request, 'token'), shownIn(request))
    return answer ? reply.send(answer) : reply.status(401).send({})
  })
}

function tokens(store: BareProviderStore, request: Form): unknown {
  const shown = shownIn(request)
  switch (field(request, 'grant_type')) {
    case 'refresh_token':
      return store.refresh(field(request, 'refresh_token'), shown)
    case 'authorization_code':
      return store.exchange({ code: field(request, 'code'), verifier: field(request, 'code_verifier') }, shown)
    default:
      return store.credentials(shown)
  }
}

const field = ({ body }: Form, name: string): string => body.get(name) ?? ''
const shownIn = (request: Form): Shown => ({ id: field(request, 'client_id'), secret: field(request, 'client_secret') })
