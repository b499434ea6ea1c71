import { readFile } from 'node:fs/promises'
import type { Keys } from '@annex/connector'

/** What field-sales was given when it was registered at the primary site. */
export interface FieldSalesConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where browsers find field-sales: an origin. The redirect URI registered is `<url>/connect/callback`. */
  readonly url: string
  /** The vault's key ring. */
  readonly keys: Keys
  /** Of the site's webhooks for Item and Customer, as it was typed there; without it they are not received. */
  readonly webhookSecret?: string
  /** What the site signs its event calls with (`whsec_…`); without it the app learns of a revocation at the next click. */
  readonly eventSecret?: string
  /** The issuer that the primary site had before it moved. */
  readonly movedFrom?: string
}

/** @throws {Error} one sentence that names the file, and the setting in it */
export async function readConfig(path: string): Promise<FieldSalesConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`FIELD_SALES_CONFIG: ${path} cannot be read: register the app at the primary site and write what it gave there`, {
      cause,
    })
  })
  return parseConfig(text, path)
}

/** @throws {Error} one sentence that names the place and the setting */
export function parseConfig(text: string, place: string): FieldSalesConfig {
  const values = parseObject(text, place)
  const required = (name: string): string => {
    const value = values[name]
    if (typeof value === 'string' && value !== '') return value
    throw new Error(`${place}: ${name} must be text`)
  }
  const optional = (name: string): Record<string, string> => (values[name] === undefined ? {} : { [name]: required(name) })
  const { keys } = values
  if (!isKeys(keys)) throw new Error(`${place}: keys must be {"current": id, "ring": {id: 32 bytes as base64url}}`)
  const url = required('url')
  if (!URL.canParse(url) || new URL(url).origin !== url)
    throw new Error(`${place}: url must be an origin such as http://localhost:4100, without a path`)
  const more = { ...optional('webhookSecret'), ...optional('eventSecret'), ...optional('movedFrom') }
  return { issuer: required('issuer'), clientId: required('clientId'), clientSecret: required('clientSecret'), url, keys, ...more }
}

function parseObject(text: string, place: string): Record<string, unknown> {
  try {
    const values: unknown = JSON.parse(text)
    if (isObject(values)) return values
  } catch {
    // Said below, for text that is no JSON and JSON that is no object alike.
  }
  throw new Error(`${place} must be a JSON object`)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const isKeys = (value: unknown): value is Keys =>
  isObject(value) &&
  typeof value['current'] === 'string' &&
  isObject(value['ring']) &&
  Object.values(value['ring']).every((key) => typeof key === 'string')
