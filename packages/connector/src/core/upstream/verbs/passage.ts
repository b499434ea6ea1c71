import type { Calls } from '../calls/calls.ts'
import { outage, type Fetch } from '../transport.ts'

/** Sends a request of the app's own making to the site, as the user, and gives the answer as it is. */
export async function pass(calls: Calls, path: string, init: RequestInit): Promise<Response> {
  const { origin } = calls.parts
  const url = new URL(path, origin)
  // `blob:` addresses have the origin of the site within them.
  if (url.origin !== origin || url.protocol !== new URL(origin).protocol)
    throw new TypeError(`${path} is not of the site ${origin}: fetch it without the connector`)
  let answer: Response | undefined
  return calls.authorized(
    async (authorization) => {
      await answer?.body?.cancel()
      const headers = new Headers(init.headers)
      headers.set('authorization', authorization)
      return (answer = await begin(calls.parts, url.href, { ...init, headers }))
    },
    init.signal ?? undefined,
    !isReadOnce(init.body),
  )
}

/** The time limit is for the beginning of the answer: its rest is the caller's to read. */
async function begin({ fetch, timeoutMs }: { fetch: Fetch; timeoutMs: number }, url: string, init: RequestInit): Promise<Response> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
  try {
    return await fetch(url, { ...init, redirect: 'manual', credentials: 'omit', signal })
  } catch (cause) {
    throw init.signal?.aborted === true ? cause : outage(url, late.signal.aborted, cause)
  } finally {
    clearTimeout(timer)
  }
}

/** Whether it is used up once it was sent: a stream, a generator. Forms, blobs, bytes and text are not. */
const isReadOnce = (body: RequestInit['body']): boolean =>
  typeof body === 'object' && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body)
