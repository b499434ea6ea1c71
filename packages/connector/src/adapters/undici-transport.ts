import { tooLong, type Incoming, type Outgoing, type Transport } from '../core/upstream/transport.ts'

/** As much of undici as is used; the package is the app's to install. */
interface Undici {
  readonly Agent: new (options: { readonly connections?: number }) => { close(): Promise<void> }
  request(url: string, options: object): Promise<Answer>
}
interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: AsyncIterable<Uint8Array> & { text(): Promise<string> }
}

/**
 * Carries calls over undici's pool, for servers on Node: a call costs less than half of what it costs with `fetch`.
 * The app installs `undici` 8 itself.
 *
 * @param options - `connections` to one site at most; 32 when absent
 * @returns the transport; `close` waits for what is under way and ends its connections
 */
export function undiciTransport({ connections = 32 }: { readonly connections?: number } = {}): Transport & { close(): Promise<void> } {
  let opened: Promise<{ undici: Undici; agent: InstanceType<Undici['Agent']> }> | undefined
  const open = async () => {
    const undici = (await import('undici')) as unknown as Undici
    return { undici, agent: new undici.Agent({ connections }) }
  }
  const carry = async ({ url, method, headers, body, signal, maxBytes }: Outgoing): Promise<Incoming> => {
    const { undici, agent } = await (opened ??= open())
    const sent = body instanceof FormData ? await encodeForm(body) : { body, headers: {} }
    const answer = await undici.request(url, {
      method,
      headers: { ...headers, ...sent.headers },
      body: sent.body ?? null,
      signal,
      dispatcher: agent,
    })
    return { status: answer.statusCode, headers: headersOf(answer), text: () => readText(answer, maxBytes) }
  }
  return Object.assign(carry, { close: async () => (await opened)?.agent.close() })
}

function readText(answer: Answer, maxBytes: number): Promise<string> {
  const length = Number(answer.headers['content-length'] ?? NaN)
  return length <= maxBytes ? answer.body.text() : readCounted(answer.body, maxBytes)
}

/** Ends its connection when it throws: what leaves the loop destroys the stream. */
async function readCounted(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let [text, length] = ['', 0]
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw tooLong(maxBytes)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Of a form, the bytes and the boundary between its parts. */
async function encodeForm(form: FormData): Promise<{ readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> }> {
  const encoded = new Response(form)
  return { body: new Uint8Array(await encoded.arrayBuffer()), headers: { 'content-type': encoded.headers.get('content-type') ?? '' } }
}

const headersOf = ({ headers }: Answer): Incoming['headers'] => ({
  get: (name) => {
    const value = headers[name.toLowerCase()]
    return value === undefined ? null : String(value)
  },
})
