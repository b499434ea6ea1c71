import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** That are open at once. */
  readonly most: number
  /** Of these, that have not sent the whole head of a request yet. */
  readonly silent: number
}

const MOST = 10_000
const SILENT = 1000
/** Files that the rest of the process may need: its database, its keys, and 320 calls to apps at once with their name look-ups. */
const SPARE = 500
/** Milliseconds: at most so often it is looked for connections that wait for nothing. */
const PAUSE = 1000

/**
 * Bounds the connections of a server: of those that send nothing, or their head byte by byte, the oldest ends for a new one; when no
 * more may be open, those that wait between two requests end, and new ones are turned away until there is room.
 */
export function limitConnections(server: Server, { most, silent }: ConnectionLimits = ownLimits()): void {
  const waiting = new Set<Socket>()
  let cleared = Number.NEGATIVE_INFINITY
  server.maxConnections = most
  server.on('connection', (socket: Socket) => {
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    const [oldest] = waiting
    if (waiting.size > silent) oldest?.destroy()
  })
  server.on('request', ({ socket }: IncomingMessage) => void waiting.delete(socket))
  server.on('drop', () => {
    if (performance.now() - cleared < PAUSE) return
    cleared = performance.now()
    server.closeIdleConnections()
  })
}

function ownLimits(): ConnectionLimits {
  const files = openFiles()
  const most = Math.min(MOST, Math.max(files - SPARE, Math.floor(files / 2)))
  return { most, silent: Math.min(SILENT, Math.floor(most / 2)) }
}

/** How many this process may have; where the system does not say, nothing is known against the most. */
function openFiles(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
