import type { Outgoing } from '../outgoing/outgoing.ts'
import type { OutgoingOutcome } from '../outgoing/outcome.ts'
import type { Attempt, Carrier, Courier } from './courier.ts'
import type { OutboxRow } from './outbox-store.ts'

/** Statuses by which a server says that it has no time, not that the message is wrong. */
const BUSY = new Set([408, 425, 429])
const SECOND = 1_000_000

/** Sends a message once. Never throws. */
export async function attempt(row: OutboxRow, courier: Courier | Carrier | undefined, outgoing: Outgoing): Promise<Attempt> {
  try {
    if (!courier) throw new Error(`Nothing carries messages of the kind ${row.kind}`)
    const payload = JSON.parse(row.payload) as Record<string, unknown>
    const message = { id: row.id, payload, created: row.created }
    if ('carry' in courier) return await courier.carry(message)
    const call = await courier.callFor(message)
    if (!call) return { end: 'void' }
    return judge(await outgoing.post(call.url, { headers: call.headers, body: call.body, ignoresBody: true }))
  } catch (fault) {
    return { end: 'refused', error: 'The site could not make the call; its log says why', fault }
  }
}

function judge(outcome: OutgoingOutcome): Attempt {
  if (outcome.kind === 'failure') return { end: 'unreached', error: outcome.message }
  const { status, headers } = outcome
  if (status >= 200 && status < 300) return { end: 'arrived' }
  const error = `The receiver answered ${status}`
  if (status === 410) return { end: 'gone', error }
  if (status < 500 && !BUSY.has(status)) return { end: 'refused', error }
  const retryAfter = Number(headers.get('retry-after'))
  return retryAfter > 0 ? { end: 'unreached', error, retryAfter: retryAfter * SECOND } : { end: 'unreached', error }
}
