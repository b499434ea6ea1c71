import { bad, good, type Finding } from './finding.ts'

/** Asked at once, so that a balancer sends them to several processes. */
const QUESTIONS = 8
const TIMEOUT = 10_000

/** Whether every process of the site publishes the same keys: one that was not given the new key ring lacks some. */
export async function checkKeys(base: URL): Promise<Finding> {
  const answers = await Promise.all(Array.from({ length: QUESTIONS }, () => publishedKeys(base)))
  const all = new Set(answers.flat())
  if (all.size === 0) return bad('keys', 'none are published; is /.well-known/jwks.json passed on by the proxy?')
  const lacking = [...all].filter((kid) => !answers.every((kids) => kids.includes(kid)))
  if (lacking.length === 0) return good('keys', 'every answer publishes the same ones')
  return bad(
    'keys',
    `some answers lack ${lacking.join(', ')}: a process of the site has an old key ring; give each of them the new one, the same for all`,
  )
}

async function publishedKeys(base: URL): Promise<string[]> {
  const response = await fetch(new URL('/.well-known/jwks.json', base), { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) })
  const body: unknown = await response.json().catch(() => undefined)
  const keys: unknown = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : []
  return Array.isArray(keys)
    ? keys.map((key: unknown) => (typeof key === 'object' && key !== null && 'kid' in key ? String(key.kid) : ''))
    : []
}
