import type { Database, Generation } from '@annex/database'
import { invalid, notFound, notPermitted } from '@annex/protocol'
import { checkCharacters } from '../../doctypes/values/texts.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { countUserDefaultRows, readUserDefaultRow, removeUserDefaultRow, writeUserDefaultRow } from './user-defaults-store.ts'

const NAME = 'frappe.client.set_default'
const LONGEST_KEY = 140
const LONGEST_VALUE = 1000
const MOST_KEYS = 200

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
}

interface Parts {
  readonly database: Database
  readonly accounts: Accounts
  readonly generation: Generation
}

/** `frappe.client.set_default`, which Frappe 15 dropped and old connectors still call: keeps one value for a user. */
export const setDefaultMethod = (database: Database, accounts: Accounts, generation: Generation) =>
  ({
    name: NAME,
    httpMethods: ['POST', 'PUT'],
    guest: false,
    rights: rightsFor,
    handler: (call: Call): Promise<void> => setDefault({ database, accounts, generation }, call),
  }) as const

const userOf = ({ user }: Principal, args: Call['args']): string => textOf(args, 'parent', LONGEST_KEY) || user

/** An app that may write everywhere needs no scope of the method's own, but for other users, who stand behind the fence. */
function rightsFor(args: Call['args'], principal: Principal): 'undeclared' | readonly [] {
  const { token } = principal
  const reaches = token?.unfenced === true || userOf(principal, args) === principal.user
  return token === undefined || (token.scopes.opensEvery('write') && reaches) ? [] : 'undeclared'
}

async function setDefault({ database, accounts, generation }: Parts, { principal, args }: Call): Promise<void> {
  const [key, value] = [textOf(args, 'key', LONGEST_KEY), textOf(args, 'value', LONGEST_VALUE)]
  if (key === '') throw invalid('key is missing; send the name of the default')
  const user = userOf(principal, args)
  if (user !== principal.user && !principal.roles.has('System Manager'))
    throw notPermitted('Only a System Manager may set the defaults of others; leave parent out to set your own')
  if (!(await accounts.read(user))) throw notFound('User', user)
  await database.transaction(async (connection) => {
    const known = await readUserDefaultRow(connection, user, key)
    // Connectors set the same again and again, and what every process knows of users is forgotten with each change.
    if (value === (known?.value ?? '')) return
    if (!known && (await countUserDefaultRows(connection, user)) >= MOST_KEYS)
      throw invalid(`${MOST_KEYS} defaults are kept for one user; set one of them to empty first`)
    await (value === '' ? removeUserDefaultRow(connection, user, key) : writeUserDefaultRow(connection, { user, key, value }))
    await generation.bump(connection)
  })
}

function textOf(args: Call['args'], name: string, longest: number): string {
  const value = args[name] ?? ''
  if (typeof value !== 'string' && typeof value !== 'number') throw invalid(`${name} must be text`)
  const text = String(value)
  if (text.length > longest) throw invalid(`${name} must be at most ${longest} characters`)
  return checkCharacters(name, text)
}
