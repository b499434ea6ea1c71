import { FrappeError, isPending } from '@annex/protocol'
import { messageOf } from './place.ts'
import { REFUSALS, type Refuse } from './site-hooks.ts'

/** How long an event may keep the transaction, and with SQLite every other writer, waiting; in milliseconds. */
export const PATIENCE = 10_000

export const refuse: Refuse = (sentence, as = 'ValidationError') => {
  throw new FrappeError(REFUSALS.includes(as) ? as : 'ValidationError', sentence, { errorMessage: as === 'PermissionError' })
}

/**
 * Runs a piece of site code. A refusal, and what a verb of ours refused, passes; anything else is a fault, told with its place.
 *
 * @param patience - milliseconds after which work that waits is given up; none when absent
 */
export async function runHandler<T>(place: string, what: string, work: () => T | Promise<T>, patience?: number): Promise<T> {
  try {
    const working = work()
    return await (patience === undefined || !isPending(working) ? working : inTime(working, patience))
  } catch (error) {
    if (error instanceof FrappeError) throw error
    throw faultOf(place, what, error)
  }
}

async function inTime<T>(working: PromiseLike<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`has not ended within ${patience / 1000} s; the change was undone`)), patience)
  })
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}

/** An error of its own, so that nothing that site code put on its error decides the answer; the stack is the one that helps. */
export function faultOf(place: string, what: string, error: unknown): Error {
  const fault = new Error(`${place}: ${what}: ${messageOf(error)}`, { cause: error })
  if (error instanceof Error && error.stack !== undefined) fault.stack = `${fault.message}\n${error.stack}`
  return fault
}
