import type { Handles } from '../../../packages/connector/src/core/connector/handles.ts'

/** How many requests were begun and left; kept for the whole process, as some frameworks load an app's files more than once. */
const counts = ((globalThis as { stubCounts?: { begun: number; left: number } }).stubCounts ??= { begun: 0, left: 0 })

type Answer = (request: Request) => Response | Promise<Response>

const answers: Readonly<Record<string, Answer>> = {
  'GET /stub/address': (request) => new Response(request.url),
  'GET /stub/cookies': () => {
    const headers = new Headers()
    for (const cookie of ['a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT', 'b=2', 'c=3']) headers.append('set-cookie', cookie)
    return new Response('three', { headers })
  },
  'GET /stub/wait': async ({ signal }) => {
    counts.begun++
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    counts.left++
    throw signal.reason
  },
  'GET /stub/counts': () => Response.json(counts),
  'GET /stub/fails': () => Promise.reject(new Error('the store is away')),
  'POST /stub/bytes': async (request) =>
    new Response(await request.arrayBuffer(), { headers: { 'x-type': request.headers.get('content-type') ?? '' } }),
  'POST /stub/no-body': async (request) => new Response(`${request.body === null ? 'no' : 'a'} body`),
  'OPTIONS /stub/bytes': () => new Response(null, { status: 204, headers: { 'x-asked': 'yes' } }),
}

/** Stands in for a connector, with the paths that show what an adapter hands on. */
export const stubConnector = (origin: string): Handles => ({
  routes: Object.keys(answers).map((key) => {
    const [method, path] = key.split(' ') as ['GET' | 'POST' | 'OPTIONS', string]
    return { method, path, body: path === '/stub/bytes' && method === 'POST' }
  }),
  addressOf: (target) => (target.startsWith('/') ? origin + target : undefined),
  handler: async (request) => {
    const { pathname } = new URL(request.url)
    if (!Object.keys(answers).some((key) => key.endsWith(` ${pathname}`))) return undefined
    const answer = answers[`${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`]
    return answer === undefined ? new Response(null, { status: 405 }) : answer(request)
  },
})
