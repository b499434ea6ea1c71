import { performance } from 'node:perf_hooks'
import { HttpConnection, type Reply } from './http-connection.ts'
import type { ServerProcess } from './server-process.ts'

/** The requests of one connection, one after the other. */
export interface Sequence {
  next(): Buffer
  /** Sees every answer before the next request is made. */
  accept?(reply: Reply): void
}

/** What one server did in one round. */
export interface Round {
  readonly seconds: number
  /** Of the server process, in microseconds. */
  readonly cpu: number
  /** Of every request, in milliseconds. */
  readonly latencies: readonly number[]
}

interface Lane {
  readonly connection: HttpConnection
  readonly sequence: Sequence
}

/** Connections to one server, each with its own requests, kept from round to round. */
export class Lanes {
  readonly #server: ServerProcess
  readonly #lanes: readonly Lane[]

  private constructor(server: ServerProcess, lanes: readonly Lane[]) {
    this.#server = server
    this.#lanes = lanes
  }

  static async open(server: ServerProcess, sequences: readonly Sequence[]): Promise<Lanes> {
    const lanes = await Promise.all(sequences.map(async (sequence) => ({ connection: await HttpConnection.open(server.origin), sequence })))
    return new Lanes(server, lanes)
  }

  /**
   * Every connection sends its next request when its last one is answered, one at least, until the time is up; the last ones are
   * waited for.
   *
   * @throws {Error} with the answer, when a request is refused: what was measured would mean nothing
   */
  run(seconds: number): Promise<Round> {
    return this.#drive((begin) => performance.now() < begin + seconds * 1000)
  }

  /** As `run`, for as long as it is told to go on. */
  runWhile(goesOn: () => boolean): Promise<Round> {
    return this.#drive(goesOn)
  }

  async #drive(goesOn: (begin: number) => boolean): Promise<Round> {
    const latencies: number[] = []
    const before = await this.#server.usage()
    const begin = performance.now()
    await Promise.all(this.#lanes.map(({ connection, sequence }) => drive(connection, sequence, () => goesOn(begin), latencies)))
    const spent = performance.now() - begin
    const after = await this.#server.usage()
    return { seconds: spent / 1000, cpu: after.cpu - before.cpu, latencies }
  }

  close(): void {
    for (const { connection } of this.#lanes) connection.close()
  }
}

async function drive(connection: HttpConnection, sequence: Sequence, goesOn: () => boolean, latencies: number[]): Promise<void> {
  do {
    const begin = performance.now()
    const reply = await connection.send(sequence.next())
    latencies.push(performance.now() - begin)
    requireGood(reply)
    sequence.accept?.(reply)
  } while (goesOn())
}

/** Sends every request once, over a few connections; for making data. */
export async function sendAll(origin: string, requests: Iterator<Buffer>, connections: number): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await HttpConnection.open(origin)
      try {
        for (let next = requests.next(); !next.done; next = requests.next()) requireGood(await connection.send(next.value))
      } finally {
        connection.close()
      }
    }),
  )
}

export function requireGood({ status, body }: Reply): void {
  if (status < 200 || status >= 300) throw new Error(`A request of the bench was answered ${status}: ${body.toString().slice(0, 500)}`)
}
