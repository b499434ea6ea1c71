import type { Room, Route } from '../room.ts'

export interface Answering {
  readonly route: Route
  answer(request: Request): Promise<Response>
}

/**
 * Answers a request by method and path; undefined for a path that is none of these, and 405 for a method that a path does
 * not have. HEAD is one of those: what looks at links and mail sends it, and a GET here may use up a sign-in, or keep a name.
 *
 * @see RFC 9110 section 9.2.1
 */
export async function dispatch(request: Request, routes: readonly Answering[]): Promise<Response | undefined> {
  const { pathname } = new URL(request.url)
  const here = routes.filter(({ route }) => leadsTo(route.path, pathname))
  if (here.length === 0) return undefined
  const found = here.find(({ route }) => route.method === request.method)
  if (found !== undefined) return found.answer(request)
  const allow = [...new Set(here.map(({ route }) => route.method))].join(', ')
  return new Response(null, { status: 405, headers: { allow, 'cache-control': 'no-store' } })
}

/** Whether a path is the route's, of which one step may be a name as `:tenant` for any, and the last a star for anything. */
export function leadsTo(route: string, path: string): boolean {
  const name = route.indexOf('/:')
  if (name === -1) return route.endsWith('/*') ? path.startsWith(route.slice(0, -1)) && path.length > route.length - 1 : route === path
  const [start, end] = [name + 1, path.indexOf('/', name + 1)]
  if (!path.startsWith(route.slice(0, start)) || end <= start) return false
  return leadsTo(route.slice(route.indexOf('/', start)), path.slice(end))
}

/** A room that is loaded with its first request: what only some requests need costs the others nothing. */
export function lateRoom(routes: readonly Route[], open: () => Promise<Room>): Room {
  return answeringLate(routes, once(open))
}

/** The same of a room that has work to do: loaded with its first round, if no request comes before. */
export function lateWorkingRoom(routes: readonly Route[], open: () => Promise<Room>): Room {
  const room = once(open)
  return { ...answeringLate(routes, room), work: async (signal) => (await (await room()).work?.(signal)) ?? {} }
}

/** A room that could not be loaded is tried again. */
function once(open: () => Promise<Room>): () => Promise<Room> {
  let opened: Promise<Room> | undefined
  return () => (opened ??= open().catch((error: unknown) => ((opened = undefined), Promise.reject(error))))
}

const answeringLate = (routes: readonly Route[], room: () => Promise<Room>): Room => ({
  routes: routes.map((route) => ({ route, answer: async (request) => (await dispatch(request, (await room()).routes)) ?? gone() })),
})

const gone = (): Response => new Response(null, { status: 404 })
