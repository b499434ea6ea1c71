import { stripVTControlCharacters } from 'node:util'
import { renderUsage, runCommand, type CommandMeta } from 'citty'
import { annex } from './annex.ts'
import { parseCommand, type AskedCommand } from './asked-command.ts'

/** One sentence for whoever typed the command, and exit code 1. */
async function main(words: readonly string[]): Promise<void> {
  try {
    const asked = parseCommand(annex, words)
    if (asked.kind === 'run') await runCommand(asked.command, { rawArgs: [...asked.words] })
    else await showUsage(asked)
  } catch (error) {
    process.stderr.write(`annex: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`)
    process.exitCode = 1
  }
}

/** Whoever asked for it finds it on the standard output; whoever did not has done something wrong. */
async function showUsage({ name, command, kind }: AskedCommand): Promise<void> {
  const stream = kind === 'usage' ? process.stdout : process.stderr
  const meta = command.meta as CommandMeta | undefined
  const usage = await renderUsage({ ...command, meta: { ...meta, name } })
  stream.write(`${stream.isTTY ? usage : stripVTControlCharacters(usage)}\n`)
  if (kind === 'group') process.exitCode = 1
}

await main(process.argv.slice(2))
