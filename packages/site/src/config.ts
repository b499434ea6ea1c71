import { existsSync, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { isLoopback, readMailbox } from '@annex/protocol'

/** How one site runs; every setting may stand in the environment or in `annex.json` of the data folder. */
export interface Config {
  readonly production: boolean
  readonly port: number
  readonly host: string
  /** Holds the key file, and the database when that is SQLite. */
  readonly dataFolder: string
  readonly databaseUrl: string
  /** The issuer; undefined = `http://127.0.0.1:` and the port that was bound. */
  readonly url: string | undefined
  readonly adminPassword: string | undefined
  /** A key ring as JSON or the path of a file; undefined = the key file of the data folder. */
  readonly keys: string | undefined
  /** IANA name of the zone that times are shown in. */
  readonly timezone: string
  /** CIDR ranges that outgoing calls may reach although they are private. */
  readonly allowPrivate: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Hosts besides loopback that may have http redirect URIs. */
  readonly httpRedirectHosts: readonly string[]
  readonly allowAdministrator: boolean
  /** Bytes that one file may have. */
  readonly maxFileSize: number
  /** pino's level: debug adds one line a request. */
  readonly logLevel: string
  readonly upstream: { readonly url: string; readonly key: string } | undefined
  /** The folder of site code; undefined = there is none. */
  readonly hooks: string | undefined
  /** Where letters are handed over, and whom they come from; undefined = the site sends none. */
  readonly mail: { readonly url: string; readonly from: string } | undefined
}

/** A setting that cannot work, named. The start ends with its sentence. */
export class ConfigError extends Error {
  readonly setting: string

  constructor(setting: string, sentence: string) {
    super(`${setting}: ${sentence}`)
    this.name = 'ConfigError'
    this.setting = setting
  }
}

export type Settings = Readonly<Record<string, string | undefined>>

/** Settings of this name are read; any other `ANNEX_…` in `annex.json` is a mistake worth naming. */
const KNOWN = [
  'PORT',
  'DATABASE_URL',
  'ANNEX_HOST',
  'ANNEX_ENV',
  'ANNEX_ADMIN_PASSWORD',
  'ANNEX_URL',
  'ANNEX_KEYS',
  'ANNEX_TIMEZONE',
  'ANNEX_ALLOW_PRIVATE',
  'ANNEX_TRUSTED_PROXIES',
  'ANNEX_HTTP_REDIRECT_HOSTS',
  'ANNEX_ALLOW_ADMINISTRATOR',
  'ANNEX_MAX_FILE_SIZE',
  'ANNEX_LOG_LEVEL',
  'ANNEX_UPSTREAM',
  'ANNEX_UPSTREAM_KEY',
  'ANNEX_HOOKS',
  'ANNEX_SMTP_URL',
  'ANNEX_MAIL_FROM',
] as const
type Setting = (typeof KNOWN)[number]

/**
 * Reads the settings of a site: `annex.json` in the data folder, with the environment laid over it.
 *
 * @throws {ConfigError} naming the first setting that is wrong
 */
export function readConfig(environment: Settings): Config {
  const dataFolder = resolve(environment['ANNEX_DATA'] || '.annex/site')
  const file = readFile(dataFolder)
  const setting = (name: Setting): string | undefined => environment[name] || file[name] || undefined
  const config: Config = {
    production: parseEnvironment(setting('ANNEX_ENV')),
    port: parsePort(setting('PORT')),
    host: setting('ANNEX_HOST') ?? '127.0.0.1',
    dataFolder,
    databaseUrl: parseDatabaseUrl(setting('DATABASE_URL'), dataFolder),
    url: parseOrigin('ANNEX_URL', setting('ANNEX_URL')),
    adminPassword: setting('ANNEX_ADMIN_PASSWORD'),
    keys: setting('ANNEX_KEYS'),
    timezone: parseTimezone(setting('ANNEX_TIMEZONE')),
    allowPrivate: parseRanges('ANNEX_ALLOW_PRIVATE', setting('ANNEX_ALLOW_PRIVATE')),
    trustedProxies: parseRanges('ANNEX_TRUSTED_PROXIES', setting('ANNEX_TRUSTED_PROXIES')),
    httpRedirectHosts: parseList(setting('ANNEX_HTTP_REDIRECT_HOSTS')),
    allowAdministrator: parseFlag('ANNEX_ALLOW_ADMINISTRATOR', setting('ANNEX_ALLOW_ADMINISTRATOR')),
    maxFileSize: parseMaxFileSize(setting('ANNEX_MAX_FILE_SIZE')),
    logLevel: parseLevel(setting('ANNEX_LOG_LEVEL')),
    upstream: parseUpstream(setting('ANNEX_UPSTREAM'), setting('ANNEX_UPSTREAM_KEY')),
    hooks: parseHooks(setting('ANNEX_HOOKS'), dataFolder),
    mail: parseMail(setting('ANNEX_SMTP_URL'), setting('ANNEX_MAIL_FROM')),
  }
  refuseUnsafe(config)
  return config
}

function readFile(dataFolder: string): Settings {
  const path = join(dataFolder, 'annex.json')
  if (!existsSync(path)) return {}
  let settings: unknown
  try {
    settings = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new ConfigError('annex.json', `${path} is not valid JSON`)
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new ConfigError('annex.json', `${path} must hold one JSON object`)
  const unknown = Object.keys(settings).find((name) => !(KNOWN as readonly string[]).includes(name))
  if (unknown !== undefined) throw new ConfigError('annex.json', `${unknown} is not a setting; the settings are ${KNOWN.join(', ')}`)
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, settingText(name, value)]))
}

function settingText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (name === 'ANNEX_KEYS') return JSON.stringify(value)
  if (Array.isArray(value)) return value.join(',')
  throw new ConfigError(name, 'must be text, a number or a list in annex.json')
}

function parseEnvironment(text: string | undefined): boolean {
  if (text === undefined || text === 'development') return false
  if (text === 'production') return true
  throw new ConfigError('ANNEX_ENV', 'must be production or development')
}

function parsePort(text: string | undefined): number {
  const port = text === undefined ? 8000 : Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new ConfigError('PORT', 'must be a whole number from 0 (any free port) to 65535')
}

function parseDatabaseUrl(text: string | undefined, dataFolder: string): string {
  if (text === undefined) return `sqlite:${join(dataFolder, 'site.db')}`
  if (/^(sqlite:|postgres:\/\/|postgresql:\/\/)/.test(text)) return text
  throw new ConfigError('DATABASE_URL', 'must begin with sqlite: or postgres://')
}

function parseOrigin(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw new ConfigError(name, 'must be an http or https URL')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new ConfigError(name, 'must be an origin alone, such as https://erp.example.com')
  return url.origin
}

function parseTimezone(text: string | undefined): string {
  if (text === undefined) return 'UTC'
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format()
    return text
  } catch {
    throw new ConfigError('ANNEX_TIMEZONE', 'must be a zone of the IANA database, such as Asia/Kolkata')
  }
}

const parseList = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

function parseRanges(name: string, text: string | undefined): string[] {
  const ranges = parseList(text)
  const wrong = ranges.find((range) => !isRange(range))
  if (wrong !== undefined) throw new ConfigError(name, `${wrong} is not an address or a range such as 10.0.0.0/8`)
  return ranges
}

function isRange(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return longest > 0 && more.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest))
}

function parseFlag(name: string, text: string | undefined): boolean {
  if (text === undefined || /^(0|false|no)$/i.test(text)) return false
  if (/^(1|true|yes)$/i.test(text)) return true
  throw new ConfigError(name, 'must be 1 or 0')
}

/** Above it neither engine nor this process would hold a file well. */
const MOST_MEBIBYTES = 500

function parseMaxFileSize(text: string | undefined): number {
  const mebibytes = text === undefined ? 25 : Number(text)
  if (Number.isInteger(mebibytes) && mebibytes >= 1 && mebibytes <= MOST_MEBIBYTES) return mebibytes * 1024 * 1024
  throw new ConfigError('ANNEX_MAX_FILE_SIZE', `must be a whole number of MiB from 1 to ${MOST_MEBIBYTES}`)
}

function parseLevel(text: string | undefined): string {
  if (text === undefined) return 'info'
  if (['silent', 'error', 'warn', 'info', 'debug'].includes(text)) return text
  throw new ConfigError('ANNEX_LOG_LEVEL', 'must be silent, error, warn, info or debug')
}

function parseUpstream(url: string | undefined, key: string | undefined): Config['upstream'] {
  if (url === undefined) return undefined
  const origin = parseOrigin('ANNEX_UPSTREAM', url)
  if (key === undefined || !/^[^:\s]+:[^:\s]+$/.test(key))
    throw new ConfigError('ANNEX_UPSTREAM_KEY', 'must be the API key and secret of one upstream user, as key:secret')
  return { url: origin ?? url, key }
}

function parseMail(url: string | undefined, from: string | undefined): Config['mail'] {
  if (url === undefined && from === undefined) return undefined
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
  if (url === undefined || !parsed || !/^smtps?:$/.test(parsed.protocol) || parsed.hostname === '' || !/^\/?$/.test(parsed.pathname))
    throw new ConfigError('ANNEX_SMTP_URL', 'must be a mail server such as smtps://user:password@mail.example.com')
  if (from === undefined || readMailbox(from) === undefined)
    throw new ConfigError('ANNEX_MAIL_FROM', 'must be the one address that mail comes from, such as Annex <annex@example.com>')
  return { url, from }
}

function parseHooks(text: string | undefined, dataFolder: string): string | undefined {
  const folder = text === undefined ? join(dataFolder, 'hooks') : resolve(text)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  if (text === undefined) return undefined
  throw new ConfigError('ANNEX_HOOKS', `there is no folder ${folder}; make it, or leave the setting out`)
}

function refuseUnsafe(config: Config): void {
  const loopback = isLoopback(config.host)
  if (!loopback && config.url === undefined)
    throw new ConfigError(
      'ANNEX_URL',
      'must be set when the site listens beyond loopback: it is the issuer, and the Host header is never trusted',
    )
  if (!config.production) return
  if (config.url?.startsWith('https://') !== true) throw new ConfigError('ANNEX_URL', 'must be an https URL in production')
  if (config.keys === undefined)
    throw new ConfigError('ANNEX_KEYS', 'must be set in production: the same key ring for all processes of a site')
  if (config.adminPassword !== undefined && (config.adminPassword.length < 10 || isFamiliar(config.adminPassword)))
    throw new ConfigError('ANNEX_ADMIN_PASSWORD', 'must have ten characters or more in production and be none that everybody tries')
}

/** Passwords that installations are left with, in small letters. */
export const FAMILIAR_PASSWORDS = ['admin', 'administrator', 'annex', 'changeme', 'password'] as const

/** One of them, alone or with the digits and signs that are put behind it. */
const isFamiliar = (password: string): boolean => {
  const bare = password.toLowerCase().replace(/[^a-z]+$/, '')
  return (
    bare === '' ||
    (FAMILIAR_PASSWORDS as readonly string[]).includes(bare) ||
    FAMILIAR_PASSWORDS.some((familiar) => bare === familiar + familiar)
  )
}
