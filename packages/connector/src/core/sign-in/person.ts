import { isRecord } from '@annex/protocol'
import { InvalidSignIn, ScopeMissing, UpstreamUnavailable } from '../errors.ts'
import type { RegisteredClient } from '../setup/client.ts'
import type { Site } from '../setup/site.ts'
import type { Tokens } from '../tokens/token-responses.ts'
import type { Person } from '../tokens/token-vault.ts'
import type { Send } from '../upstream/transport.ts'

/** Says what an id_token says, once it is proven to be of this site, for this client and this sign-in. */
export interface Prover {
  verify(
    site: Site,
    client: RegisteredClient,
    checks: { readonly idToken: string; readonly accessToken: string; readonly nonce: string },
  ): Promise<Claims>
}

export interface PersonParts {
  readonly site: Site
  readonly client: RegisteredClient
  /** Loads what proves an id_token: it weighs half as much as all the rest, and only a sign-in needs it. */
  readonly idTokens: () => Promise<Prover>
  readonly send: Send
}

/** Who has signed in, and the site's name for their browser session, which a site that tells of sign-outs gives. */
export interface Known {
  readonly person: Person
  readonly sid: string | null
}

type Claims = Readonly<Record<string, unknown>>

/**
 * Who the tokens of a sign-in belong to: what the id_token proves. Where a client without a secret meets a site without
 * keys nothing can be proven, and the profile says it, over the connection that brought the tokens.
 *
 * @throws {InvalidSignIn} when nothing proves it, or the site has no id for the person
 * @throws {ScopeMissing} when the person has not let the app know
 */
export async function readPerson(parts: PersonParts, tokens: Tokens, nonce: string): Promise<Known> {
  const { site, client } = parts
  if (site.proof === 'secret' && client.secret === undefined) return { person: await byProfile(parts, tokens), sid: null }
  if (tokens.idToken === undefined)
    throw tokens.scopes.includes('openid') ? new InvalidSignIn('The site sent no id_token: start again') : new ScopeMissing(['openid'])
  const idTokens = await parts.idTokens()
  const claims = await idTokens.verify(site, client, { idToken: tokens.idToken, accessToken: tokens.access, nonce })
  const subject = subjectOf(claims)
  const profile = typeof claims['name'] === 'string' ? claims : await nameOf(parts, tokens.access, subject)
  return { person: personOf(site, subject, profile), sid: textOf(claims['sid']) ?? null }
}

async function byProfile({ site, send }: PersonParts, { access }: Tokens): Promise<Person> {
  const profile = await readProfile(site, send, access)
  if (profile === undefined)
    throw new InvalidSignIn('The site does not show the profile of who signs in: its administrator has to give the app the scope openid')
  return personOf(site, subjectOf(profile), profile)
}

/** A site may keep the name for the profile; the profile of somebody else counts for nothing (OpenID Connect Core section 5.3.2). */
async function nameOf({ site, send }: PersonParts, access: string, subject: string): Promise<Claims> {
  const profile = await readProfile(site, send, access).catch((error: unknown) => {
    if (error instanceof UpstreamUnavailable) return undefined
    throw error
  })
  return profile?.['sub'] === subject ? profile : {}
}

async function readProfile(site: Site, send: Send, access: string): Promise<Claims | undefined> {
  const { status, json } = await send(site.endpoints.profile, {
    headers: { accept: 'application/json', authorization: `Bearer ${access}` },
  })
  return status === 200 && isRecord(json) ? json : undefined
}

/** Frappe has no id for its Administrator, nor for users that came in by an import without being saved. */
function subjectOf({ sub }: Claims): string {
  if (typeof sub === 'string' && sub !== '') return sub
  throw new InvalidSignIn(
    'The site has no id for this user (sub), as Frappe has none for Administrator: sign in as another user, or have its administrator save the User once more',
  )
}

function personOf({ issuer }: Site, subject: string, profile: Claims): Person {
  const email = textOf(profile['email']) ?? null
  return { issuer, subject, name: textOf(profile['name']) ?? email ?? subject, email }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
