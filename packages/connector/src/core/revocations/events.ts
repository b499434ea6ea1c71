import { isRecord } from '@annex/protocol'
import type { Letter } from '../webhooks/receiver.ts'
import { judgeStandard, textOf, type Signed } from '../webhooks/schemes.ts'
import { writeNotice, type Notice } from './notices.ts'

/** @see OpenID Continuous Access Evaluation Profile 1.0 section 3 */
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const ABOUT: Readonly<Record<string, Notice['about']>> = { 'session-revoked': 'ended', 'token-claims-change': 'narrowed' }
const LONGEST_REASON = 140

export interface EventsParts {
  readonly secrets: readonly string[]
  readonly issuer: string
  readonly clientId: () => Promise<string>
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Judges an event call of the site: signed, of this site, for this app, about a person. */
export async function judgeEvent(signed: Signed, { secrets, issuer, clientId, clock }: EventsParts): Promise<Letter> {
  const { verdict, by } = await judgeStandard(signed, secrets, clock())
  if (by?.scheme !== 'standard') return { status: 401, why: verdict }
  const event = parseEvent(textOf(signed.body))
  if (event === undefined) return { status: 400, why: 'malformed' }
  const { type, data } = event
  // A secret that two sites or two apps share by mistake makes nobody of the one end for the other.
  if (data['iss'] !== issuer || data['client_id'] !== (await clientId())) return { status: 400, why: 'another-app' }
  const kind = type.startsWith(CAEP) ? type.slice(CAEP.length) : ''
  const about = Object.hasOwn(ABOUT, kind) ? ABOUT[kind] : undefined
  if (about === undefined) return { ignored: 'unknown-type' }
  const { sub, reason } = data
  // An app that acts for itself has no person.
  if (typeof sub !== 'string' || sub === '') return { ignored: 'nobody' }
  const said = typeof reason === 'string' ? reason.slice(0, LONGEST_REASON) : ''
  return { entry: { id: `e:${by.id}`, kind: 'event', payload: writeNotice({ about, sub, reason: said }) } }
}

function parseEvent(text: string): { readonly type: string; readonly data: Readonly<Record<string, unknown>> } | undefined {
  try {
    const json: unknown = JSON.parse(text)
    if (!isRecord(json) || typeof json['type'] !== 'string' || !isRecord(json['data'])) return undefined
    return { type: json['type'], data: json['data'] }
  } catch {
    return undefined
  }
}
