import { printLine, type Command, type Print } from './print.ts'

interface Entry {
  readonly usage: string
  readonly load: () => Promise<Command>
}

/** Each is loaded when it is asked for: what one of them needs is not there on every Node. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  check: {
    usage: 'check [FILE]                    says what of the settings is right, wrong or unknown; ANNEX_API_KEY shows more',
    load: async () => (await import('./check.ts')).check,
  },
  keys: {
    usage: 'keys create|rotate FILE · keys reseal|remove ID --store URL --keys FILE   the keys that tokens are sealed with',
    load: async () => (await import('./keys.ts')).keys,
  },
  register: {
    usage: 'register [FILE] [--again]       registers the app at the site, or says who can and where',
    load: async () => (await import('./register.ts')).register,
  },
  types: {
    usage: 'types --from URL NAME…          writes TypeScript of DocTypes; ANNEX_API_KEY holds key:secret, --out names a file',
    load: async () => (await import('./types.ts')).types,
  },
}

/** @returns the exit code */
export async function runCommand([name, ...words]: readonly string[], print: Print): Promise<number> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry !== undefined) return (await entry.load())(words, print)
  print('annex-connector COMMAND, one of:')
  for (const { usage } of Object.values(COMMANDS)) print(`  ${usage}`)
  print('FILE holds issuer, client and scopes, as createConnector takes them, as JSON; annex-connector.json when it is left out.')
  return name === undefined || name === '--help' || name === 'help' ? 0 : 1
}

/** What the program does. One sentence for whoever typed the command when it fails, and exit code 1. */
export async function main(words: readonly string[]): Promise<void> {
  try {
    process.exitCode = await runCommand(words, printLine)
  } catch (error) {
    process.stderr.write(`annex-connector: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`)
    process.exitCode = 1
  }
}
