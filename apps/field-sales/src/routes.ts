import { FrappeError, OAuthError, ScopeMissing, SignInRequired, UpstreamUnavailable, type Connector } from '@annex/connector'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { visitsPage } from './pages/visits-page.ts'
import { problemPage, welcomePage } from './pages/welcome-page.ts'
import type { Reports } from './reports-store.ts'
import { emptyDraft, LINK_FIELDS, readDraft, Visits } from './visits.ts'

const LIMIT = 10

/** The app's own paths; sign-in is the connector's. */
export function addRoutes(app: FastifyInstance, connector: Connector, reports: Reports): void {
  const visitsOf = async (request: FastifyRequest): Promise<Visits | undefined> => {
    const session = await connector.session(request)
    return session && new Visits(connector, reports, session)
  }

  app.get<{ Querystring: { saved?: string } }>('/', async (request, reply) => {
    const visits = await visitsOf(request)
    if (visits === undefined)
      return sendPage(reply, welcomePage({ signInUrl: connector.signInUrl({ returnTo: '/' }), signOutUrl: connector.signOutUrl }))
    return sendPage(reply, visitsPage(await visits.page(await visits.access(), emptyDraft, {}, request.query.saved === '1')))
  })

  app.post('/reports', async (request, reply) => {
    if (!connector.isOwnOrigin(request)) {
      const message = 'A visit report is saved from a page of Field Sales itself.'
      return sendPage(reply.code(403), problemPage({ title: 'Not saved', message, signOutUrl: connector.signOutUrl }))
    }
    const visits = await visitsOf(request)
    if (visits === undefined) return reply.redirect('/', 303)
    const draft = readDraft(request.body instanceof URLSearchParams ? request.body : new URLSearchParams())
    const access = await visits.access()
    const errors = await visits.judge(draft, access)
    if (access.state === 'ended' || Object.keys(errors).length > 0) {
      return sendPage(reply.code(access.state === 'ended' ? 401 : 422), visitsPage(await visits.page(access, draft, errors, false)))
    }
    visits.insert(draft)
    return reply.redirect('/?saved=1', 303)
  })

  for (const [field, doctype] of Object.entries(LINK_FIELDS)) {
    app.get<{ Querystring: { q?: string | string[] } }>(`/links/${field}`, async (request, reply) => {
      const text = [request.query.q ?? ''].flat()[0]!.slice(0, 140)
      return reply.header('cache-control', 'no-store').send(await suggest(connector, request, reply, doctype, text))
    })
  }
}

const sendPage = (reply: FastifyReply, page: string): FastifyReply =>
  reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page)

/** What the combobox shows: suggestions, or what stands in their way and where that can be put right. */
async function suggest(connector: Connector, request: FastifyRequest, reply: FastifyReply, doctype: string, text: string): Promise<object> {
  const session = await connector.session(request)
  if (session === undefined)
    return problem(reply, 401, 'You are not signed in.', connector.signInUrl({ returnTo: '/' }), 'Sign in with the primary site')
  try {
    return await connector.connection(session.connection).links.search(doctype, { text, limit: LIMIT })
  } catch (error) {
    if (error instanceof SignInRequired)
      return problem(reply, 401, 'Access has ended.', connector.signInUrl({ returnTo: '/' }), 'Sign in with the primary site')
    if (error instanceof ScopeMissing)
      return problem(reply, 403, error.message, connector.signInUrl({ returnTo: '/', scopes: [`${doctype}:read`] }), 'Ask for it again')
    if (error instanceof UpstreamUnavailable) return problem(reply, 503, 'The primary site is unreachable.')
    if (error instanceof FrappeError || error instanceof OAuthError)
      return problem(reply, statusOf(error), `The primary site refuses: ${error.message}`)
    throw error
  }
}

/** What the primary site refuses this person is refused here too; a fault of its own is no fault of theirs. */
const statusOf = (error: FrappeError | OAuthError): number => (error instanceof FrappeError && error.status < 500 ? error.status : 502)

function problem(reply: FastifyReply, status: number, message: string, url?: string, action?: string): object {
  reply.code(status)
  return { message, url, action }
}
