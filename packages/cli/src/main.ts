import { defineCommand, runCommand, showUsage, type CommandDef } from 'citty'
import { appCreate } from './commands/app-create.ts'
import { appList } from './commands/app-list.ts'
import { appRetire } from './commands/app-retire.ts'
import { appRotateSecret } from './commands/app-rotate-secret.ts'
import { doctor } from './commands/doctor.ts'
import { userCreate } from './commands/user-create.ts'

const annex = defineCommand({
  meta: { name: 'annex', description: 'Work on a site from the command line' },
  subCommands: {
    app: defineCommand({
      meta: { name: 'app', description: 'Connected Apps' },
      subCommands: { create: appCreate, list: appList, 'rotate-secret': appRotateSecret, retire: appRetire },
    }),
    user: defineCommand({ meta: { name: 'user', description: 'Users' }, subCommands: { create: userCreate } }),
    doctor,
  },
})

/** One sentence for whoever typed the command, and exit code 1. */
async function main(words: string[]): Promise<void> {
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) return showUsage(commandAt(words))
  try {
    await runCommand(annex, { rawArgs: words })
  } catch (error) {
    process.stderr.write(`annex: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`)
    process.exitCode = 1
  }
}

/** The command that the words name, as far as they name one: its usage is shown. */
function commandAt(words: readonly string[]): CommandDef {
  let command: CommandDef = annex
  for (const word of words) {
    const next: unknown = (command.subCommands as Record<string, CommandDef> | undefined)?.[word]
    if (typeof next !== 'object' || next === null) break
    command = next
  }
  return command
}

await main(process.argv.slice(2))
