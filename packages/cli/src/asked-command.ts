import { parseArgs } from 'node:util'
import type { ArgsDef, CommandDef } from 'citty'

/** What the words on the command line ask for. */
export interface AskedCommand {
  /** `annex app create`. */
  readonly name: string
  readonly command: CommandDef
  /** What follows the command's name. */
  readonly words: readonly string[]
  /** `usage`: it was asked for; `group`: the words end before they name a command. */
  readonly kind: 'run' | 'usage' | 'group'
}

/**
 * Finds the command that the words name, and refuses words that it does not take: citty itself passes over them.
 *
 * @throws {Error} one sentence that says what there is instead
 */
export function parseCommand(root: CommandDef, words: readonly string[]): AskedCommand {
  const path = ['annex']
  let command = root
  let rest = words
  while (hasCommands(command) && rest[0] !== undefined && !rest[0].startsWith('-')) {
    const next = commandsOf(command)[rest[0]]
    if (!next)
      throw new Error(
        `there is no command "${path.slice(1).concat(rest[0]).join(' ')}"; there are: ${Object.keys(commandsOf(command)).join(', ')}`,
      )
    path.push(rest[0])
    command = next
    rest = rest.slice(1)
  }
  const name = path.join(' ')
  if (rest.includes('--help') || rest.includes('-h')) return { name, command, words: rest, kind: 'usage' }
  if (hasCommands(command) && rest.length === 0) return { name, command, words: rest, kind: 'group' }
  checkWords(name, (command.args ?? {}) as ArgsDef, rest)
  return { name, command, words: rest, kind: 'run' }
}

/** The hint of a last word that may be repeated; all of them are in the `_` of the command's arguments. */
export const SEVERAL = '…'

const commandsOf = (command: CommandDef): Record<string, CommandDef> => (command.subCommands ?? {}) as Record<string, CommandDef>
const hasCommands = (command: CommandDef): boolean => command.subCommands !== undefined

function checkWords(name: string, args: ArgsDef, words: readonly string[]): void {
  const named = Object.entries(args).filter(([, arg]) => arg.type !== 'positional')
  const options = Object.fromEntries(
    named.map(([option, arg]) => [option, { type: arg.type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  )
  const { tokens } = parseArgs({ args: [...words], options, allowPositionals: true, allowNegative: true, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = options[token.name]
    if (!option) throw new Error(`${token.rawName} is not an option of ${name}; see ${name} --help`)
    if (option.type === 'string' && (token.value === undefined || token.value === ''))
      throw new Error(`${token.rawName} needs a value; see ${name} --help`)
  }
  const positional = Object.entries(args).filter(([, arg]) => arg.type === 'positional')
  const places = positional.map(([place]) => place.toUpperCase())
  const least = positional.filter(([, arg]) => arg.required !== false).length
  const given = tokens.filter((token) => token.kind === 'positional').map((token) => token.value)
  if (given.length < least) throw new Error(`${places[given.length]} is missing; see ${name} --help`)
  if (given.length > places.length && positional.at(-1)?.[1].valueHint !== SEVERAL)
    throw new Error(`"${given[places.length]}" is one word too many; put text with spaces between quotes, and see ${name} --help`)
  const missing = named.find(
    ([option, arg]) => arg.required === true && !tokens.some((token) => token.kind === 'option' && token.name === option),
  )
  if (missing) throw new Error(`--${missing[0]} is missing; see ${name} --help`)
}
