import { OAuthError } from '@annex/protocol'

const MOST = 10
/** Characters of all of them together: each token keeps them. */
const LONGEST = 4096

const wrong = (sentence: string): OAuthError => new OAuthError('invalid_target', sentence)

/**
 * The resources of a request in one form each, space-separated, so that two lists of the same compare equal; undefined for none.
 * A site is one resource server: its own address and every address below it name it.
 *
 * @throws {OAuthError} `invalid_target` for what is no address of this site
 * @see RFC 8707 section 2
 */
export function joinResources(resources: readonly string[], issuer: string): string | undefined {
  if (resources.length > MOST) throw wrong(`Name at most ${MOST} resources`)
  const named = new Set(resources.map((resource) => normalForm(resource, issuer)))
  const joined = [...named].toSorted().join(' ')
  if (joined.length > LONGEST) throw wrong(`Together the resources may have ${LONGEST} characters`)
  return joined === '' ? undefined : joined
}

/**
 * What tokens are for: the resources of the request, which must be among those of the grant; without any, the grant's.
 *
 * @param sent - the parameter `resource`, several separated by spaces
 * @param granted - the grant's; null stands for every address of the site
 * @throws {OAuthError} `invalid_target`
 */
export function narrowResources(sent: string | undefined, granted: string | null, issuer: string): string | null {
  const asked = joinResources(listOf(sent), issuer)
  if (asked === undefined) return granted
  const allowed = listOf(granted)
  if (granted !== null && !listOf(asked).every((resource) => allowed.includes(resource)))
    throw wrong('A token may be for the resources that the authorization named, or for fewer')
  return asked
}

/** The `aud` of a token: the site itself unless resources were named. */
export function audienceOf(resource: string | null, issuer: string): string | readonly string[] {
  const named = listOf(resource)
  return named.length > 1 ? named : (named[0] ?? issuer)
}

/** Whether a token for these resources is for the site at this address. It may have moved since, or the database been copied. */
export const isForSite = (resource: string | null, issuer: string): boolean =>
  resource === null || listOf(resource).some((one) => one === issuer || one.startsWith(`${issuer}/`))

function normalForm(resource: string, issuer: string): string {
  if (!URL.canParse(resource) || new URL(resource).origin !== issuer) throw wrong('resource must be an address of this site')
  if (resource.includes('#')) throw wrong('resource must not have a fragment')
  const { origin, pathname, search } = new URL(resource)
  return pathname === '/' && search === '' ? origin : origin + pathname + search
}

const listOf = (text: string | null | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '')
