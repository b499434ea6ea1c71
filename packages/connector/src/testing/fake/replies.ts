import { encodeError, encodeV2Error, type FrappeError } from '@annex/protocol'

/** A request as the fake site got it. */
export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  /** The body as text. */
  readonly body: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
}

/** What the fake site answers. Of `json`, `html` and `bytes` one; an empty JSON object when there is none. */
export interface FakeReply {
  /** 200 when absent. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly html?: string
  readonly bytes?: Uint8Array<ArrayBuffer>
}

/** Paths of the second API version have answers of their own form. */
export const isV2 = (path: string): boolean => path.startsWith('/api/v2/')

export const refused = (error: FrappeError, path = ''): FakeReply => ({
  status: error.status,
  headers: { ...error.options.headers },
  json: isV2(path) ? encodeV2Error(error) : encodeError(error),
})

/** What the layer below Frappe answers, where no error of Frappe's own is sent. */
export const page = (status: number, text: string): FakeReply => ({
  status,
  html: `<!doctype html><title>${text}</title><h1>${text}</h1>`,
})

export async function readRequest(request: Request): Promise<FakeRequest> {
  const { pathname, searchParams } = new URL(request.url)
  const bytes = new Uint8Array(await request.arrayBuffer())
  const { method, headers, signal } = request
  return { method, path: pathname, query: searchParams, headers, body: new TextDecoder().decode(bytes), bytes, signal }
}

export function toResponse({ status = 200, headers, json, html, bytes }: FakeReply): Response {
  const type = html === undefined ? (bytes === undefined ? 'application/json' : 'application/octet-stream') : 'text/html; charset=utf-8'
  const body = status === 204 || status === 304 ? null : (bytes ?? html ?? JSON.stringify(json ?? {}))
  return new Response(body, { status, headers: { 'content-type': type, ...headers } })
}

/** An error of the OAuth endpoints (RFC 6749 section 5.2). */
export const oauthError = (status: number, error: string, description?: string): FakeReply => ({
  status,
  json: { error, ...(description === undefined ? {} : { error_description: description }) },
})
