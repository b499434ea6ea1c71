import { parseArgs } from 'node:util'

/** What of the bench can be chosen on the command line. */
export interface BenchOptions {
  /** How long each request kind is measured on each server, in all its rounds. */
  readonly seconds: number
  /** Items in the database; each number is measured by itself. */
  readonly documents: readonly number[]
  /** Where the report goes as JSON. */
  readonly json?: string
  /** Names of the request kinds to measure; all when absent. */
  readonly only?: readonly string[]
  /** A folder for a CPU profile of the site. */
  readonly profile?: string
  /** Whether one process and two of them are measured on PostgreSQL as well. */
  readonly postgres: boolean
  /** Live tokens of a site that is measured beside one with few; 0 = none is. */
  readonly tokens: number
  /** Whether it is measured what counters, row filters and the sealed trail cost. */
  readonly costs: boolean
  /** The connector is measured instead of the site. */
  readonly connector?: true
}

export const USAGE = `npm run bench -- [--seconds 4] [--documents 1000,100000,1000000] [--only list,document] [--postgres] [--tokens 1000000] [--costs] [--connector] [--json FILE] [--profile FOLDER]`

const LEAST_DOCUMENTS = 20
/** More than the few that they are measured beside. */
const LEAST_TOKENS = 10_000

/** @throws {Error} a sentence that names the option that is wrong */
export function parseOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    seconds: text,
    documents: text,
    tokens: text,
    json: text,
    only: text,
    profile: text,
    postgres: flag,
    costs: flag,
    connector: flag,
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const seconds = Number(values.seconds ?? 4)
  const documents = (values.documents ?? (values.connector === true ? '100000' : '10000')).split(',').map(Number)
  if (!(seconds > 0 && seconds <= 600)) throw new Error('--seconds must be above 0 and at most 600')
  if (!documents.every((count) => Number.isInteger(count) && count >= LEAST_DOCUMENTS && count <= 1_000_000)) {
    throw new Error(`--documents must be whole numbers from ${LEAST_DOCUMENTS} to 1000000, apart by commas`)
  }
  const tokens = Number(values.tokens ?? 0)
  if (values.tokens !== undefined && !(Number.isInteger(tokens) && tokens >= LEAST_TOKENS && tokens <= 10_000_000))
    throw new Error(`--tokens must be a whole number from ${LEAST_TOKENS} to 10000000`)
  return {
    seconds,
    documents,
    tokens,
    postgres: values.postgres === true,
    costs: values.costs === true,
    ...(values.connector === true ? { connector: true } : {}),
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(values.profile === undefined ? {} : { profile: values.profile }),
  }
}
