import { RIGHTS, ScopeSet, doctypeOfScope, documentScope, isLoopback, readScope, type Right } from '@annex/protocol'
import { DAY } from '../storage/durations.ts'

/** A right that was used: a DocType and a right on it, or a method (`method:` and its name) and `call`. */
export interface UsedRight {
  readonly what: string
  readonly right: string
}

/** All that can be said of an app without asking anything further. Times are UTC microseconds. */
export interface AppFacts {
  /** What the app may ask for. */
  readonly allowed: readonly string[]
  readonly redirectUris: readonly string[]
  /** Scopes of its living grants, each with the time of the oldest that holds it. */
  readonly granted: ReadonlyMap<string, number>
  /** Over the days of `unusedRightDays`. */
  readonly used: readonly UsedRight[]
  readonly secrets: readonly { readonly id: string; readonly created: number }[]
  /** How many networks its secret was used from. */
  readonly secretNetworks: number
  /** Users who may themselves do nothing of what they granted. */
  readonly powerless: readonly string[]
  readonly now: number
  readonly secretAgeDays: number
  readonly unusedRightDays: number
}

/** What a System Manager should look at. */
export type Advice =
  /** The right was granted long enough ago and never used. `instead` stays in its place, which may be nothing. */
  | { readonly kind: 'unused'; readonly scope: string; readonly instead: readonly string[] }
  /** The right opens far more than was used; `instead` would have done. */
  | { readonly kind: 'wide'; readonly scope: string; readonly instead: readonly string[] }
  | { readonly kind: 'old secret'; readonly secret: string; readonly days: number }
  | { readonly kind: 'spread secret'; readonly networks: number }
  | { readonly kind: 'plain redirect'; readonly uri: string }
  | { readonly kind: 'powerless user'; readonly user: string }

/** From more networks than these a secret of a server is used by more than a server. */
const MANY_NETWORKS = 5
/** So many rights instead of a wide one can be read by a person. */
const MOST_INSTEAD = 20

/**
 * The mistakes that the published guide warns of, as far as this app makes them: rights that nobody uses, secrets that are
 * old or in many hands, answers that travel in the clear, users whose own permissions leave nothing to do.
 */
export const advise = (facts: AppFacts): readonly Advice[] => [
  ...adviseOnRights(facts),
  ...adviseOnSecrets(facts),
  ...facts.redirectUris.filter(isPlain).map((uri): Advice => ({ kind: 'plain redirect', uri })),
  ...facts.powerless.map((user): Advice => ({ kind: 'powerless user', user })),
]

/** What the app may ask for once the advice on a right of it is taken; undefined when there is none. */
export function scopesAfter(facts: AppFacts, scope: string): readonly string[] | undefined {
  const advice = adviseOnRights(facts).find((each) => each.scope === scope)
  return advice && facts.allowed.flatMap((entry) => (entry === scope ? advice.instead : [entry])).filter(isFirst)
}

type RightAdvice = Extract<Advice, { scope: string }>

function adviseOnRights(facts: AppFacts): RightAdvice[] {
  const { allowed, used, unusedRightDays, now } = facts
  if (unusedRightDays === 0) return []
  const since = now - unusedRightDays * DAY
  const judged = allowed
    .filter((entry) => opensSomething(entry) && wasGranted(entry, facts, since))
    .toSorted((a, b) => strength(b) - strength(a))
  const dropped = new Set<string>()
  const advice: RightAdvice[] = []
  for (const entry of judged) {
    const others = allowed.filter((other) => other !== entry && !dropped.has(other))
    const needed = used.filter((right) => opens(entry, right) && !others.some((other) => opens(other, right)))
    if (needed.length === 0 && !used.some((right) => isItself(entry, right))) {
      dropped.add(entry)
      advice.push({ kind: 'unused', scope: entry, instead: [] })
      continue
    }
    const instead = isWide(entry) ? namesOf(needed) : undefined
    if (instead && instead.length <= MOST_INSTEAD && !instead.includes(entry)) advice.push({ kind: 'wide', scope: entry, instead })
  }
  return advice
}

/** Whether it was granted by then. What has an entry of its own was granted by that, and not by a pattern, which may be of today. */
const wasGranted = (entry: string, { allowed, granted }: AppFacts, by: number): boolean =>
  [...granted].some(([scope, time]) => time <= by && (scope === entry || (!allowed.includes(scope) && allows(entry, scope))))

/** Wide rights first, then those that include others: a right is needless when a weaker one would have done. */
function strength(entry: string): number {
  if (entry === 'all') return 100
  const { doctype, right } = parts(entry)
  const every = (doctype === '*' ? 50 : 0) + (right === '*' ? 40 : 0)
  return every + (right === 'import' ? 3 : right === 'select' ? 0 : right === 'read' ? 1 : 2)
}

const isWide = (entry: string): boolean => entry === 'all' || entry.startsWith('*:') || entry.endsWith(':*') || entry.endsWith('.*')
/** Sets are judged by what they were granted as; identity opens no document. */
const opensSomething = (entry: string): boolean => entry === 'all' || (entry.includes(':') && !entry.startsWith('set:'))
const isFirst = <T>(value: T, index: number, all: readonly T[]): boolean => all.indexOf(value) === index

function parts(entry: string): { doctype: string; right: string } {
  const colon = entry.indexOf(':')
  return { doctype: doctypeOfScope(entry.slice(0, Math.max(0, colon))), right: entry.slice(colon + 1) }
}

/** Whether a pattern of the allow-list lets the app ask for the scope. */
function allows(entry: string, scope: string): boolean {
  const [mine, theirs] = [parts(entry), parts(scope)]
  if (entry === 'all' || readScope(scope)?.kind !== 'document') return false
  return (mine.right === '*' && mine.doctype === theirs.doctype) || (mine.doctype === '*' && mine.right === theirs.right)
}

/** Whether a token with the entry could do what was done; a pattern opens what each of its scopes opens. */
function opens(entry: string, { what, right }: UsedRight): boolean {
  if (entry === 'all') return true
  if (what.startsWith('method:')) return new ScopeSet([entry]).opensMethod(what.slice('method:'.length))
  if (!isRight(right)) return false
  const { doctype, right: named } = parts(entry)
  if (named === '*') return doctype === what
  const set = new ScopeSet([entry])
  return set.opensEvery(right) || set.names(what, right)
}

/** Whether what was done is the very thing that the entry names, and not one that it merely includes. */
function isItself(entry: string, { what, right }: UsedRight): boolean {
  const { doctype, right: named } = parts(entry)
  return isWide(entry) ? false : entry === what || (doctype === what && named === right)
}

const isRight = (right: string): right is Right => (RIGHTS as readonly string[]).includes(right)

/** The scope for what was done; undefined when none can name it. */
function scopeOf({ what, right }: UsedRight): string | undefined {
  if (what.startsWith('method:')) return readScope(what)?.token
  return what !== '' && isRight(right) ? readScope(documentScope(what, right))?.token : undefined
}

/** The fewest scopes that open all of it; undefined when some of it has none of its own. */
function namesOf(needed: readonly UsedRight[]): readonly string[] | undefined {
  const named = needed.map((right) => ({ right, scope: scopeOf(right) }))
  if (named.length === 0 || named.some(({ scope }) => scope === undefined)) return undefined
  const scopes = named.map(({ scope }) => scope ?? '').filter(isFirst)
  return scopes.filter(
    (scope) => !named.some((each) => each.scope === scope && scopes.some((other) => other !== scope && opens(other, each.right))),
  )
}

function adviseOnSecrets({ secrets, secretNetworks, secretAgeDays, now }: AppFacts): Advice[] {
  const ages = secrets.map(({ id, created }) => ({ secret: id, days: Math.floor((now - created) / DAY) }))
  const old = secretAgeDays === 0 ? [] : ages.filter(({ days }) => days > secretAgeDays)
  const spread: Advice[] = secretNetworks > MANY_NETWORKS ? [{ kind: 'spread secret', networks: secretNetworks }] : []
  return [...old.map((each): Advice => ({ kind: 'old secret', ...each })), ...spread]
}

/** An answer to such an address can be read on its way; a loopback address never leaves the machine. */
function isPlain(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return protocol === 'http:' && !isLoopback(hostname)
}
