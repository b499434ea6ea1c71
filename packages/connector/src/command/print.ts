/** Where a command says something, one line at a time. */
export type Print = (line: string) => void

/**
 * One command of `annex-connector`.
 *
 * @param words what was typed behind its name
 * @returns the exit code
 * @throws {Error} one sentence for whoever typed it
 */
export type Command = (words: readonly string[], print: Print) => Promise<number>

export const printLine: Print = (line) => void process.stdout.write(`${line}\n`)
