import type { Connector } from '@annex/connector'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { visitsPage } from './pages/visits-page.ts'
import { problemPage, welcomePage } from './pages/welcome-page.ts'
import type { Reports } from './reports-store.ts'
import { emptyDraft, readDraft, Visits } from './visits.ts'

/** The app's own paths; sign-in and link fields are the connector's. */
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
    if (access.state === 'ended') return sendPage(reply.code(401), visitsPage(await visits.page(access, draft, {}, false)))
    const { errors, item, customer } = await visits.judge(draft)
    if (item === undefined || Object.keys(errors).length > 0)
      return sendPage(reply.code(422), visitsPage(await visits.page(access, draft, errors, false)))
    visits.insert(draft.note, item, customer)
    return reply.redirect('/?saved=1', 303)
  })
}

const sendPage = (reply: FastifyReply, page: string): FastifyReply =>
  reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page)
