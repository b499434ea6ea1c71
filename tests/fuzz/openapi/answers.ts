/** What a site wrote down of one request, or of a fault of its own. */
interface Line {
  readonly level: number
  readonly msg?: string
  readonly route?: string
  readonly status?: number
}

export interface Answers {
  readonly all: number
  /** How many of each status. */
  readonly told: string
}

/** It would send a mail; Frappe answers 501 as well where none can be sent. */
const WITHOUT_MAIL = 501
/** pino's number for `error`. */
const ERROR = 50

/** The requests that a site has answered, as its log of level `debug` has them. */
export function answersIn(log: string): Answers {
  const counts = new Map<number, number>()
  for (const { msg, status = 0 } of linesOf(log)) if (msg === 'answered') counts.set(status, (counts.get(status) ?? 0) + 1)
  const told = [...counts].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  return { all: [...counts.values()].reduce((sum, count) => sum + count, 0), told: told.join(', ') }
}

/** What a site should never have written: answers of 500 and above, and faults of its own. */
export const faultsIn = (log: string): Line[] =>
  linesOf(log).filter(({ level, status = 0 }) => level >= ERROR || (status >= 500 && status !== WITHOUT_MAIL))

const linesOf = (log: string): Line[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
