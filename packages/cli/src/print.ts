/** What a command says goes to the standard output, one line at a time. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)
