import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Reply {
  readonly status: number
  readonly body: Buffer
}

const HEAD_END = Buffer.from('\r\n\r\n')
const PATIENCE = 30_000

/** A request as it goes over the wire, made once and sent as often as needed. */
export function requestBytes({ method, path, headers = {}, body = '' }: Request): Buffer {
  const sent = {
    host: 'bench',
    accept: 'application/json',
    ...headers,
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/**
 * One kept-alive connection that carries one request at a time.
 *
 * It reads only what the servers of the bench send (a Content-Length, no chunks), so that it takes little of the
 * machine that they share.
 */
export class HttpConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection before it answered')))
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`No answer within ${PATIENCE / 1000} s`)))
  }

  static async open(origin: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(origin)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return new HttpConnection(socket)
  }

  /** @throws {Error} when the connection ends, or thirty seconds pass, before the answer is whole */
  send(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
    if (Number.isNaN(length)) return void this.#socket.destroy(new Error(`An answer without a Content-Length: ${head.split('\r\n', 1)[0]}`))
    const whole = end + HEAD_END.length + length
    if (this.#received.length < whole) return
    const body = this.#received.subarray(end + HEAD_END.length, whole)
    this.#received = Buffer.alloc(0)
    this.#answer({ status: Number(head.slice(9, 12)), body })
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }
}
