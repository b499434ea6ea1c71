import { readFile } from 'node:fs/promises'

/** A value as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type Texts = Readonly<Record<string, string>>
export type Values = Readonly<Record<string, Json>>

/** One call. Who makes it: a named cookie jar (`as`; `guest` keeps none), or a bearer token. */
export interface RecordedRequest {
  readonly as?: string
  readonly bearer?: string
  readonly method?: string
  readonly path: string
  readonly query?: Values
  readonly json?: Json
  readonly form?: Values
  readonly body?: string
  readonly headers?: Texts
}

/** A walk from the authorization URL over the consent page to the app's redirect. */
export interface RecordedConsent {
  readonly as: string
  readonly query: Values
  readonly decision?: 'allow' | 'deny'
  /** Boxes that the person unticks, by value. */
  readonly untick?: readonly string[]
}

export interface RecordedAnswer {
  readonly status: number | readonly number[]
  readonly headers?: Texts
  readonly cookies?: readonly string[]
  readonly json?: Json
}

export interface Step {
  readonly name: string
  readonly request?: RecordedRequest
  readonly consent?: RecordedConsent
  /** Variable → where its value stands in the answer: `/data/name`, or `location?code`. */
  readonly save?: Texts
  readonly response: RecordedAnswer
  /** What is wanted in place of `response`, where copying Frappe would copy a defect. */
  readonly ours?: RecordedAnswer
  readonly check?: 'status' | 'headers'
  readonly only?: readonly string[]
  readonly absent?: readonly string[]
  readonly volatile?: readonly string[]
}

export interface Recording {
  readonly scenario: string
  readonly steps: readonly Step[]
}

/** The recordings that are played, in this order: the first makes the documents that the others need. */
export const played = [
  '00-fixture',
  '10-session',
  '20-oauth-code',
  '21-oauth-errors',
  '30-resource',
  '31-permissions',
  '32-submit',
  '40-client',
  '41-link-search',
  '60-v2',
] as const

export async function readRecording(name: string): Promise<Recording> {
  return JSON.parse(await readFile(new URL(`recordings/${name}.json`, import.meta.url), 'utf8')) as Recording
}

/** What a site answered, reduced to what steps compare. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json?: Json | undefined
  readonly page?: string | undefined
}
