import { createSocket, type Socket } from 'node:dgram'
import { on, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nameLookup } from './name-lookup.ts'

const ANSWERS = { known: Buffer.from([192, 0, 2, 7]), unknown: undefined, half: undefined, broken: undefined }
/** @see RFC 1035 section 4.1.1 */
const CODES: Readonly<Record<string, number>> = { unknown: 0x83, half: 0x83, broken: 0x82 }

/**
 * Answers `known.…` with one IPv4 address, says that there is no `unknown.…`, and of `half.…` that there is none of IPv4, fails at `broken…`,
 * and is silent about all else.
 */
class NameServer {
  readonly #socket: Socket = createSocket('udp4')
  readonly silent = new Set<string>()
  address = ''

  async open(): Promise<this> {
    this.#socket.on('message', (query, from) => {
      const answer = this.#answer(query)
      if (answer) this.#socket.send(answer, from.port, from.address)
    })
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    this.address = `127.0.0.1:${this.#socket.address().port}`
    return this
  }

  /** @see RFC 1035 section 4 */
  #answer(query: Buffer): Buffer | undefined {
    const first = query.toString('latin1', 13, 13 + (query[12] ?? 0))
    const end = query.indexOf(0, 12) + 5
    const isForFour = query.readUInt16BE(end - 4) === 1
    if (!(first in ANSWERS) || (first === 'half' && !isForFour)) {
      this.silent.add(first)
      return undefined
    }
    const address = isForFour ? ANSWERS[first as keyof typeof ANSWERS] : undefined
    const head = Buffer.from([0x81, CODES[first] ?? 0x80, 0, 1, 0, address ? 1 : 0, 0, 0, 0, 0])
    const record = address ? [Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]), address] : []
    return Buffer.concat([query.subarray(0, 2), head, query.subarray(12, end), ...record])
  }

  /** Resolves when so many more questions have come. */
  async hears(count: number): Promise<void> {
    let left = count
    for await (const _question of on(this.#socket, 'message')) if (--left === 0) return
  }

  close(): void {
    this.#socket.close()
  }
}

let server: NameServer
let folder: string
beforeAll(async () => {
  server = await new NameServer().open()
  folder = await mkdtemp(join(tmpdir(), 'annex-names-'))
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const asked: string[] = []
const lookup = (hostsFile = '/nowhere', firstTry = 200): ReturnType<typeof nameLookup> =>
  nameLookup({
    servers: [server.address],
    hostsFile,
    firstTry,
    otherwise: async (host) => {
      asked.push(host)
      return ['192.0.2.9']
    },
  })

it('a hundred names whose servers are silent keep no other name waiting', async () => {
  const find = lookup()
  const silent = Array.from({ length: 100 }, (_, index) => find(`silent-${index}.example`).catch((error: Error) => error.message))
  expect(await find('known.example')).toEqual(['192.0.2.7'])
  expect(server.silent.size).toBeGreaterThan(90)
  expect(new Set((await Promise.all(silent)).map((answer) => String(answer).replace(/\d+/, 'N')))).toEqual(
    new Set(['queryA ETIMEOUT silent-N.example']),
  )
  expect(asked).toEqual([])
})

it('the system is asked for what name servers do not know', async () => {
  expect(await lookup()('unknown.example')).toEqual(['192.0.2.9'])
  expect(asked.splice(0)).toEqual(['unknown.example'])
})

it('the hosts file comes first', async () => {
  const file = join(folder, 'hosts')
  await writeFile(file, '# known.example\n127.0.0.5\tElse.example known.example # here\n::1 known.example\nnothing known.example\n')
  expect(await lookup(file)('known.example')).toEqual(['127.0.0.5', '::1'])
  expect(await lookup(file)('else.example.')).toEqual(['127.0.0.5'])
  expect(asked).toEqual([])
})

it('a name of one word at which name servers fail is asked of the system, and no other such name', async () => {
  expect(await lookup()('broken')).toEqual(['192.0.2.9'])
  await expect(lookup()('broken.example')).rejects.toThrow('queryA ESERVFAIL broken.example')
})

it('whoever gives up has no server asked any longer', async () => {
  const giving = new AbortController()
  const heard = server.hears(2)
  const found = lookup('/nowhere', 100_000)('silent.example', giving.signal)
  const refused = expect(found).rejects.toThrow('queryA ECANCELLED silent.example')
  await heard
  giving.abort()
  await refused
})

it('whoever has given up before has nobody asked', async () => {
  await expect(lookup()('early.example', AbortSignal.abort())).rejects.toThrow('aborted')
  expect(server.silent.has('early')).toBe(false)
})

it('the system is not asked for whoever has given up', async () => {
  const giving = new AbortController()
  // For both families, and again for the one that is not answered: the first answer has come by then.
  const heard = server.hears(3)
  const found = lookup()('half.example', giving.signal)
  const refused = expect(found).rejects.toThrow('queryA ENOTFOUND half.example')
  await heard
  giving.abort()
  await refused
  expect(asked).not.toContain('half.example')
})
