import type { InboxEntry, InboxStore } from '../../stores/connector-store.ts'
import type { Listeners, Log } from '../connector/events.ts'
import { readBody } from '../connector/answering/read-body.ts'
import type { Signed } from './schemes.ts'

/** What has come, as it is kept. */
type Arrived = Omit<InboxEntry, 'attempts'>

/** What a letter is found to be: one to be worked on, one that is nobody's business, or one that is refused. */
export type Letter =
  | {
      readonly entry: Omit<Arrived, 'receivedAt'>
      readonly again?: boolean
      /** Done once it is kept, before the answer; when it fails, the worker does it. */
      readonly atOnce?: (entry: Arrived) => Promise<void>
    }
  | { readonly ignored: string }
  | { readonly status: 400 | 401 | 404 | 503; readonly why: string }

export interface ReceiverParts {
  readonly inbox: Pick<InboxStore, 'add' | 'done'>
  readonly listeners: Listeners
  readonly log: Log
  readonly clock: () => number
  readonly wake: () => void
  /** Whether a body of this media type may be what is received; '' when the sender does not say. */
  readonly takes: (mediaType: string) => boolean
  /** Judges the bytes that came. */
  readonly judge: (signed: Signed) => Promise<Letter>
}

/**
 * Takes one letter: 204 once it is kept (or known, or nobody's business), 401 when it is not signed right, 400 when it cannot
 * be read, 413 over a megabyte, 415 for what it cannot be, 503 when the store fails, so that the sender comes again.
 *
 * Nothing is answered with 2xx before the store has it: what was answered is worked on, also after a crash.
 */
export async function receive(request: Request, parts: ReceiverParts): Promise<Response> {
  const mediaType = (request.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (!parts.takes(mediaType) || !/^(?:identity)?$/i.test(request.headers.get('content-encoding') ?? ''))
    return refuse(request, parts, 415, 'media-type')
  const body = await readBody(request.headers, request.body).catch(() => 'unreadable' as const)
  if (body === undefined) return refuse(request, parts, 413, 'too-large')
  if (body === 'unreadable') return refuse(request, parts, 400, body)
  let letter: Letter
  try {
    letter = await parts.judge({ body, headers: request.headers })
  } catch (error) {
    // Whose it is stands in the store.
    return notKept(error, parts)
  }
  if ('status' in letter) return refuse(request, parts, letter.status, letter.why)
  if ('entry' in letter) return keep(letter, parts)
  parts.log('webhook-ignored', { why: letter.ignored })
  return answer(204)
}

async function keep({ entry, again = false, atOnce }: Extract<Letter, { entry: object }>, parts: ReceiverParts): Promise<Response> {
  const arrived = { ...entry, receivedAt: parts.clock() }
  let outcome: 'added' | 'repeat'
  try {
    outcome = await parts.inbox.add(arrived, { again })
  } catch (error) {
    return notKept(error, parts, entry.id)
  }
  if (outcome === 'added' && atOnce !== undefined) await tryNow(arrived, atOnce, parts)
  // A repeat may wait anew, and what was done at once may have left more to do.
  parts.wake()
  return answer(204)
}

function notKept(error: unknown, { log }: ReceiverParts, id?: string): Response {
  log('webhook-not-kept', { ...(id === undefined ? {} : { id }), error: messageOf(error) })
  return answer(503, 'not-kept')
}

async function tryNow(arrived: Arrived, atOnce: (entry: Arrived) => Promise<void>, { inbox, log }: ReceiverParts): Promise<void> {
  try {
    await atOnce(arrived)
    await inbox.done(arrived.id)
  } catch (error) {
    log('webhook-failed', { id: arrived.id, attempts: 0, error: messageOf(error) })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function refuse(request: Request, { listeners, log }: ReceiverParts, status: number, why: string): Promise<Response> {
  const path = new URL(request.url).pathname
  log('webhook-rejected', { why, path, status })
  await listeners.emit('webhook-rejected', { why, path })
  return answer(status, why)
}

/** The reason is told: it helps who set the sender up, and nobody who guesses at a signature of 256 bits. */
const answer = (status: number, why?: string): Response =>
  new Response(why ?? null, {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(status === 503 ? { 'retry-after': '5' } : {}),
      ...(why === undefined ? {} : { 'content-type': 'text/plain' }),
    },
  })
