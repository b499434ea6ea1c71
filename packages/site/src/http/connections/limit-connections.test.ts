import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { limitConnections } from './limit-connections.ts'

const WHOLE = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
let server: Server
const sockets: Socket[] = []

beforeEach(async () => {
  server = createServer((_request, response) => void response.end('answered'))
  limitConnections(server, { most: 4, silent: 2 })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.closeAllConnections()
  await once(server.close(), 'close')
})

/** Resolves when the server has it. */
async function open(bytes: string): Promise<Socket> {
  const taken = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  sockets.push(socket.on('error', () => undefined))
  await taken
  socket.write(bytes)
  return socket
}

async function answered(): Promise<Socket> {
  const socket = await open(WHOLE)
  await once(socket, 'data')
  return socket
}

it('of connections that do not come to a request the oldest ends for a new one, and none that has', async () => {
  const busy = await answered()
  const first = await open('')
  const ended = once(first.resume(), 'close')
  const second = await open('GET / HTTP/1.1\r\nhost')
  await open('')
  await ended
  second.write(': x\r\n\r\n')
  expect(String(await once(second, 'data'))).toContain('answered')
  busy.write(WHOLE)
  expect(String(await once(busy, 'data'))).toContain('answered')
})

it('when no more may be open, those that wait between two requests make room', async () => {
  const idle = [await answered(), await answered(), await answered(), await answered()]
  const ended = idle.map((socket) => once(socket, 'close'))
  const turnedAway = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
  sockets.push(turnedAway)
  await Promise.all([once(turnedAway.resume(), 'close'), ...ended])
  await answered()
})
