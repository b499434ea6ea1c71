/** The header of a request that is to be told of, with its name. */
export const TRACE_HEADER = 'x-trace'

/** What a process that loads `trace-commits.ts` tells, in order. */
export type Event =
  | { readonly at: 'request' | 'answer'; readonly name: string }
  | { readonly at: 'change'; readonly connection: number; readonly statement: string }
  /** `held`: the settings in force, which say what a commit waits for. */
  | { readonly at: 'commit'; readonly connection: number; readonly held: string }
  | { readonly at: 'committed'; readonly connection: number }
  /** PostgreSQL, behind a commit: whether its log is on the disk beyond where it stood before. */
  | { readonly at: 'flushed'; readonly connection: number; readonly beyond: boolean }

const MARK = 'trace '

export const traceLine = (event: Event): string => `${MARK}${JSON.stringify(event)}\n`

/** From the request of that name to its answer, and what was told of its commits afterwards. */
export function eventsOf(output: string, name: string): Event[] {
  const events = output.split('\n').flatMap((line) => (line.startsWith(MARK) ? [JSON.parse(line.slice(MARK.length)) as Event] : []))
  return events.slice(events.findIndex((event) => event.at === 'request' && event.name === name))
}
