import type { Moment } from './observed-drivers.ts'

/** What a site loads that is killed by such a header. */
export const KILL_AT_STATEMENT = new URL('kill-at-statement.ts', import.meta.url)

/** The header of a request that its site is not to survive. */
export const KILL_HEADER = 'x-kill'

/** At which statement of a request the process dies: the first is 1. */
export interface KillOrder {
  readonly moment: Moment
  readonly statement: number
  /** Whether reads are left out of the count, which leave the database as it was. */
  readonly changesOnly: boolean
}

export const textOf = ({ moment, statement, changesOnly }: KillOrder): string => `${moment} ${statement} ${changesOnly ? 'changes' : 'all'}`

export function parseKillOrder(text: string): KillOrder {
  const [moment, statement, counted] = text.split(' ')
  return { moment: moment as Moment, statement: Number(statement), changesOnly: counted === 'changes' }
}
