import type { Handles } from '../core/connector/handles.ts'
import { answerRequest } from './answer.ts'

type Handler = (request: Request) => Promise<Response>

/**
 * For Next's app router, in `app/connect/[...path]/route.ts`:
 * `export const { GET, POST, OPTIONS } = nextConnector(() => openConnector())`.
 *
 * Next loads its routes while it builds: what needs the app's settings or its database stands in a function, which is
 * called at the first request. A failure is Next's own 500.
 */
export function nextConnector(connector: Handles | (() => Handles | Promise<Handles>)): {
  readonly GET: Handler
  readonly POST: Handler
  readonly OPTIONS: Handler
} {
  let opened: Promise<Handles> | undefined
  const open = async (): Promise<Handles> => (typeof connector === 'function' ? connector() : connector)
  const handle: Handler = async (request) => {
    opened ??= open()
    opened.catch(() => (opened = undefined))
    return (await answerRequest(await opened, request)) ?? new Response(null, { status: 404 })
  }
  return { GET: handle, POST: handle, OPTIONS: handle }
}
