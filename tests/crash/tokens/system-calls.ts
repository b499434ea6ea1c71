/** A call as `strace -f -y` prints it: which call, on which open file, and the rest. */
interface Call {
  readonly name: string
  readonly number: string
  readonly file: string
  readonly rest: string
  readonly line: string
}

const CALL = /^\d+ +(\w+)\((\d+)<([^>]*)>(.*)$/
const UNFINISHED = /^(\d+) +(.*) <unfinished \.\.\.>$/
const RESUMED = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/

/** Each call at its end, in one piece also where one of another thread came between. */
function callsOf(lines: readonly string[]): Call[] {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [, thread, beginning = ''] = UNFINISHED.exec(line) ?? []
    if (thread !== undefined) {
      begun.set(thread, `${thread} ${beginning}`)
      return []
    }
    const [, resumed, end = ''] = RESUMED.exec(line) ?? []
    const whole = resumed === undefined ? line : `${begun.get(resumed)}${end}`
    const [, name, number = '', file = '', rest = ''] = CALL.exec(whole) ?? []
    return name === undefined ? [] : [{ name, number, file, rest, line: whole }]
  })
}

const isOnLog = ({ file }: Call): boolean => file.endsWith('-wal')
/** What the process itself told between its calls (`trace-commits.ts`), without what strace puts before quotes. */
const told = ({ name, rest }: Call): string => (name === 'write' ? rest.replaceAll(/["\\]/g, '') : '')

/**
 * How a process put a change into SQLite's log, from reading the request of that name to writing its answer, shortened.
 *
 * @param stored - what the statement of the change begins with, without quotes
 * @throws {Error} when the commit of the change did not sync the log behind its last write, before the answer
 */
export function syncBeforeAnswer(lines: readonly string[], name: string, stored: string): string[] {
  const calls = callsOf(lines)
  const next = (from: number, what: string, is: (call: Call) => boolean): number => {
    const index = calls.findIndex((call, at) => at >= from && is(call))
    if (index < 0) throw new Error(`${name}: ${what} is not among the calls`)
    return index
  }
  const request = next(0, 'the request', (call) => call.name === 'read' && call.rest.toLowerCase().includes(String.raw`: ${name}\r`))
  const change = next(request, 'the change', (call) => told(call).includes(`statement:${stored}`))
  const commit = next(change, 'its commit', (call) => told(call).includes('at:commit,'))
  const committed = next(commit, 'the end of its commit', (call) => told(call).includes('at:committed'))
  const { number } = calls[request]!
  const isAnswer = (call: Call): boolean => call.name.startsWith('write') && call.number === number && call.rest.includes('HTTP/1.1 ')
  const answer = next(committed, 'the answer behind it', isAnswer)
  const onLog = calls.slice(commit, committed).filter(isOnLog)
  const shown = folded(
    [calls[request], calls[change], calls[commit], ...onLog, calls[committed], calls[answer]].map((call) => shortened(call!.line)),
  )
  const synced = onLog.findLastIndex(({ name: called, rest }) => /^f(data)?sync$/.test(called) && rest.endsWith('= 0'))
  const written = onLog.findLastIndex(({ name: called }) => called === 'pwrite64')
  if (written < 0 || synced < written) throw new Error(`${name}: the log was not synced\n${shown.join('\n')}`)
  return shown
}

/** Neither tokens, nor places of this machine, nor what a page of the log holds. */
const shortened = (line: string): string =>
  line
    .replace(/<[^>]*\/([^/>]+)>/, '<$1>')
    .replace(/^(\d+ pwrite64\(\S+ ).*$/, '$1…)')
    .replace(/"(.{0,90}).*"(\.\.\.)?/, '"$1"…')

/** The same line many times as one. */
function folded(lines: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line} × ${count}`))
}
