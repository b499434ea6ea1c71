import { isRecord } from '@annex/protocol'
import { sha256 } from '../../sealing/base64.ts'
import type { Send } from '../../upstream/transport.ts'
import type { RegisteredClient } from '../client.ts'
import { bad, good, unknown, type Finding } from './finding.ts'
import type { Document, Site } from '../site.ts'

export interface DocumentCheck {
  readonly site: Site
  readonly client: RegisteredClient
  readonly scopes: readonly string[]
  readonly send: Send
  /** `key:secret` of a System Manager's. */
  readonly apiKey: string
}

/** Compares what is entered at the site with what is set here, field by field. */
export async function checkDocument({ site, client, scopes, send, apiKey }: DocumentCheck): Promise<Finding[]> {
  const url = `${new URL(site.issuer).origin}/api/resource/OAuth%20Client/${encodeURIComponent(client.id)}`
  const { status, json } = await send(url, { headers: { accept: 'application/json', authorization: `token ${apiKey}` } })
  const document = isRecord(json) ? json['data'] : undefined
  if (status === 404) return [bad('client', `the site knows no client ${client.id}: check client.id`)]
  if (status === 401) return [unknown('client', 'the site does not know the API key: write it as key:secret')]
  if (status === 403) return [unknown('client', "the API key is not a System Manager's: only they may see how an app is registered")]
  if (status !== 200 || !isRecord(document)) return [unknown('client', `the site answered ${status} for how the app is registered`)]
  return [grant(document, client), redirect(document, client), await secret(document, client), scope(document, scopes, site)]
}

function grant(document: Document, { id }: RegisteredClient): Finding {
  const [grantType, responseType] = [textOf(document['grant_type']), textOf(document['response_type'])]
  if (grantType !== 'Authorization Code' || responseType !== 'Code')
    return bad('client', `it is registered for ${grantType} and ${responseType}: set Authorization Code and Code`)
  if (document['state'] !== undefined && document['state'] !== 'Active')
    return bad('client', `its state is ${textOf(document['state'])}: an administrator of the site has to make it Active`)
  if (Number(document['hs256_id_token'] ?? 0) === 1)
    return bad('client', 'the site signs for it with its secret, as for old apps, though it publishes keys: switch HS256 off')
  const rows: unknown = document['allowed_roles']
  const roles = (Array.isArray(rows) ? rows : []).flatMap((row) => (isRecord(row) && typeof row['role'] === 'string' ? [row['role']] : []))
  return good('client', `the site knows ${id}${roles.length === 0 ? '' : `, for people with the role ${roles.join(' or ')}`}`)
}

/** Frappe splits the list at single spaces alone: another white space makes two addresses one. */
function redirect(document: Document, { redirectUri }: RegisteredClient): Finding {
  const entered = textOf(document['redirect_uris'])
  const registered = entered.trim().split(' ')
  const hasDefault = textOf(document['default_redirect_uri']) !== ''
  if (registered.includes(redirectUri))
    return hasDefault
      ? good('redirect', `${redirectUri} is registered`)
      : bad('redirect', `set ${redirectUri} as the default redirect URI too`)
  if (entered.trim() === '') return bad('redirect', `none is registered: enter ${redirectUri} as redirect URI, besides the default one`)
  if (entered.split(/\s+/).includes(redirectUri))
    return document['state'] === undefined
      ? bad('redirect', `${redirectUri} stands on a line of its own: write the redirect URIs in one line, with single spaces between`)
      : good('redirect', `${redirectUri} is registered`)
  return bad('redirect', differs(redirectUri, nearest(redirectUri, entered.trim().split(/\s+/))))
}

/** Which character it is that makes two addresses two. */
function differs(set: string, registered: string): string {
  const at = commonLength(set, registered)
  const told = `client.redirectUri is ${set}, the nearest that is registered is ${registered}`
  if (at === set.length) return `${told}: “${registered.slice(at)}” is missing at the end`
  if (at === registered.length) return `${told}: “${set.slice(at)}” is too much at the end`
  return `${told}: character ${at + 1} is “${set[at]}” here and “${registered[at]}” there`
}

const nearest = (set: string, registered: readonly string[]): string =>
  registered.reduce((best, other) => (commonLength(set, other) > commonLength(set, best) ? other : best))

function commonLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

async function secret(document: Document, client: RegisteredClient): Promise<Finding> {
  const there = textOf(document['client_secret'])
  if (client.secret === undefined) return good('secret', 'none is set: the app is a public client, whose codes are bound by PKCE')
  if (there === '' || /^\*+$/.test(there)) return unknown('secret', 'the site shows it to nobody: sign in once')
  // Hashes, so that the time that the comparison takes says nothing about either.
  if ((await sha256(there)) === (await sha256(client.secret))) return good('secret', 'it is the one of this app')
  return bad('secret', 'it is not the one of this app: copy Client Secret from the site')
}

function scope(document: Document, scopes: readonly string[], { proof }: Site): Finding {
  const registered = textOf(document['scopes']).split(/\s+/)
  const all = proof !== 'secret' && registered.includes('all')
  const missing = scopes.filter((name) => !registered.includes(name) && !all)
  if (missing.length === 0) return good('scopes', 'the app may ask for all of them')
  // Where rights are told apart, one that is registered may stand for several: the site itself knows which.
  return proof === 'secret'
    ? bad('scopes', `${missing.join(' ')} is not registered: add it to the scopes of the app at the site`)
    : unknown('scopes', `${missing.join(' ')} is not registered by that name: whether another stands for it shows at sign-in`)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
