import { connect } from 'node:net'

/** A request as it goes over the wire: nothing of it is checked, escaped or completed. */
export interface RawRequest {
  readonly method: string
  /** The request target, written byte for byte (characters above 255 as UTF-8). */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const PATIENCE = 20_000

/** @throws {Error} when no whole answer comes within twenty seconds: the site hangs */
export function sendRaw(base: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port) })
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`No answer to ${request.method} ${request.target} in ${PATIENCE} ms`)))
    // A site that refuses a request before its end may cut the rest off.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => {
      const answer = parseAnswer(Buffer.concat(chunks))
      if (answer) resolve(answer)
      else reject(new Error(`No whole answer to ${request.method} ${request.target}: ${Buffer.concat(chunks).toString().slice(0, 200)}`))
    })
    socket.write(bytesOf(request))
  })
}

function bytesOf({ method, target, headers, body }: RawRequest): Buffer {
  const framing = body.length > 0 || !['GET', 'HEAD', 'DELETE'].includes(method) ? [`content-length: ${body.length}`] : []
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'host: annex.test',
    'connection: close',
    ...framing,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}

function parseAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]
  if (end < 0 || status === undefined) return undefined
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  // What follows may answer bytes behind the request.
  const length = Number(headers.get('content-length') ?? bytes.length)
  return { status: Number(status), headers, body: bytes.subarray(end + 4, end + 4 + length).toString() }
}
