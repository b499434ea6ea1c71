import { isCovered, valueAt } from './pointer.ts'
import type { Answer, Json, RecordedAnswer, Step } from './recording.ts'

/** Traces and leftovers of Frappe's own desk, of no use to a client. */
const ignored = new Set(['exc', '_exc_source', '_debug_messages', 'exc_id', '__frappe_exc_id', '__newname', '__unsaved'])
/** Texts whose words are each server's own. */
const loose = new Set(['exception', '_error_message', 'indicator', 'title'])

/** Says in words where an answer differs from what the step wants; empty when it agrees. */
export function compare(step: Step, answer: Answer): string[] {
  const wanted = step.ours ?? step.response
  const status = compareStatus(wanted, answer.status)
  if (step.check === 'status') return status
  const head = [...status, ...compareAbsent(step, answer), ...compareHeaders(wanted, answer)]
  return step.check === 'headers' ? head : [...head, ...compareBody(step, wanted, answer)]
}

function compareStatus(wanted: RecordedAnswer, came: number): string[] {
  const statuses = typeof wanted.status === 'number' ? [wanted.status] : wanted.status
  const allowed = statuses.flatMap((status) => (status === 302 ? [302, 303] : [status]))
  return allowed.includes(came) ? [] : [`status: ${allowed.join(' or ')} wanted, ${came} came`]
}

const compareAbsent = (step: Step, answer: Answer): string[] =>
  (step.absent ?? [])
    .filter((place) => answer.json !== undefined && valueAt(answer.json, place) !== undefined)
    .map((place) => `${place}: stands there and must not`)

function compareHeaders(wanted: RecordedAnswer, answer: Answer): string[] {
  const headers = Object.entries(wanted.headers ?? {}).flatMap(([name, value]) => compareHeader(name, value, answer))
  const given = new Set(answer.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('='))))
  return [...headers, ...(wanted.cookies ?? []).filter((cookie) => !given.has(cookie)).map((cookie) => `cookie ${cookie}: not set`)]
}

function compareHeader(name: string, wanted: string, answer: Answer): string[] {
  // The type of a redirect's body matters to nobody.
  if (name === 'content-type' && answer.status >= 300 && answer.status < 400) return []
  const came = answer.headers.get(name)
  if (came === null) return [`header ${name}: not there`]
  if (name === 'location') return compareLocation(wanted, came)
  if (name !== 'content-type' || mediaType(came) === mediaType(wanted)) return []
  return [`content-type: ${wanted} wanted, ${came} came`]
}

const mediaType = (header: string): string | undefined => header.split(';')[0]?.trim()

/** The same path and at least the same parameters; of their values only what tells the app the outcome. */
function compareLocation(wanted: string, came: string): string[] {
  const [a, b] = [new URL(wanted, 'http://site.invalid'), new URL(came, 'http://site.invalid')]
  const path = a.pathname === b.pathname ? [] : [`location: ${a.pathname} wanted, ${b.pathname} came`]
  const missing = [...a.searchParams.keys()].filter((key) => !b.searchParams.has(key)).map((key) => `location: parameter ${key} not there`)
  const outcome = ['error', 'state']
    .filter((key) => a.searchParams.get(key) !== b.searchParams.get(key))
    .map((key) => `location: ${key}=${a.searchParams.get(key) ?? ''} wanted, ${b.searchParams.get(key) ?? ''} came`)
  return [...path, ...missing, ...outcome]
}

function compareBody(step: Step, wanted: RecordedAnswer, answer: Answer): string[] {
  if (wanted.json === undefined) return []
  if (answer.json === undefined) return ['body: JSON wanted']
  const { json } = wanted
  const came = answer.json
  const volatile = step.volatile ?? []
  if (!step.only) return compareValue(json, came, volatile, '')
  return step.only.flatMap((place) => compareValue(valueAt(json, place), valueAt(came, place), volatile, place))
}

/** Every key that was recorded has to be there with its value; more keys may be. */
function compareValue(wanted: Json | undefined, came: Json | undefined, volatile: readonly string[], place: string): string[] {
  if (volatile.some((pattern) => isCovered(place, pattern))) return wanted === null ? [] : compareKind(wanted, came, place)
  if (kindOf(wanted) !== kindOf(came)) return [difference(place, wanted, came)]
  if (isList(wanted) && isList(came)) return compareLists(wanted, came, volatile, place)
  if (isObject(wanted) && isObject(came)) return Object.keys(wanted).flatMap((key) => compareKey(wanted, came, key, volatile, place))
  return wanted === came ? [] : [difference(place, wanted, came)]
}

function compareLists(wanted: readonly Json[], came: readonly Json[], volatile: readonly string[], place: string): string[] {
  const length = wanted.length === came.length ? [] : [`${place}: ${wanted.length} entries wanted, ${came.length} came`]
  const shared = wanted.slice(0, came.length)
  return [...length, ...shared.flatMap((entry, at) => compareValue(entry, came[at], volatile, `${place}/${at}`))]
}

function compareKey(wanted: JsonObject, came: JsonObject, key: string, volatile: readonly string[], parent: string): string[] {
  const place = `${parent}/${key}`
  if (ignored.has(key)) return []
  if (!Object.hasOwn(came, key)) return [`${place}: not there`]
  if (key === '_server_messages') return isMessageList(came[key]) ? [] : [`${place}: a JSON list of JSON-encoded messages wanted`]
  if (loose.has(key)) return compareKind(wanted[key], came[key], place)
  return compareValue(wanted[key], came[key], volatile, place)
}

const compareKind = (wanted: Json | undefined, came: Json | undefined, place: string): string[] =>
  kindOf(wanted) === kindOf(came) ? [] : [`${place}: ${kindOf(wanted)} wanted, ${kindOf(came)} came`]

function isMessageList(text: Json | undefined): boolean {
  if (typeof text !== 'string') return false
  try {
    const messages = JSON.parse(text) as readonly string[]
    return messages.every((message) => typeof (JSON.parse(message) as { message?: unknown }).message === 'string')
  } catch {
    return false
  }
}

type JsonObject = { readonly [key: string]: Json }

const kindOf = (value: Json | undefined): string => (value === null ? 'null' : isList(value) ? 'list' : typeof value)
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)
const isObject = (value: Json | undefined): value is JsonObject => kindOf(value) === 'object'
const difference = (place: string, wanted: Json | undefined, came: Json | undefined): string =>
  `${place || '/'}: ${shown(wanted)} wanted, ${shown(came)} came`
const shown = (value: Json | undefined): string => (JSON.stringify(value) ?? 'nothing').slice(0, 160)
