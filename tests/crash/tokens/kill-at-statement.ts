import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { flushCompileCache } from 'node:module'
import { KILL_HEADER, parseKillOrder, type KillOrder } from './kill-order.ts'
import { observeDrivers } from './observed-drivers.ts'

// Loaded before a site (`--import`): a request with the header ends the process at the statement that it names.

interface Doom extends KillOrder {
  left: number
}

const CHANGE = /^(insert|update|delete|commit)\b/
const doomed = new AsyncLocalStorage<Doom>()

subscribe('http.server.request.start', (message) => {
  const order = (message as { readonly request: IncomingMessage }).request.headers[KILL_HEADER]
  if (typeof order !== 'string') return
  // At the end of a process that is killed nothing is kept for the next.
  flushCompileCache()
  const parsed = parseKillOrder(order)
  doomed.enterWith({ ...parsed, left: parsed.statement })
})

observeDrivers((moment, statement) => {
  const doom = doomed.getStore()
  if (doom?.moment !== moment || (doom.changesOnly && !CHANGE.test(statement))) return
  doom.left -= 1
  if (doom.left > 0) return
  writeSync(1, `killed ${moment}: ${statement}\n`)
  process.kill(process.pid, 'SIGKILL')
})
