/** What a command says goes to the standard output, one line at a time. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** A time in microseconds as a command shows it: UTC. */
export const shownTime = (micros: number): string => new Date(micros / 1000).toISOString()
