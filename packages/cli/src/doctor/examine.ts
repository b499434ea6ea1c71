import { UpstreamUnavailable } from '@annex/connector'
import { checkClientAt, checkScope, readMetadata, type ClientFacts } from './check-client.ts'
import { checkKeys } from './check-keys.ts'
import { checkReachable, unreachable } from './check-reachable.ts'
import { bad, type Finding } from './finding.ts'

export interface Examination {
  readonly url: string
  readonly client?: ClientFacts
  readonly scope?: string
}

/** Everything that can be said about a site, and about one client of it, from outside. */
export async function examine({ url, client, scope }: Examination): Promise<Finding[]> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return [bad('URL', `${url} is not an http or https URL; write it whole, such as https://erp.example.com`)]
  const base = new URL(url)
  const findings = await checkReachable(base)
  if (findings[0]?.verdict !== 'good') return findings
  // It answered a moment ago: what fails from here on fails between the requests, or at another address of the site.
  await checkProvider(base, client, findings).catch((error: unknown) =>
    findings.push(unreachable(error instanceof UpstreamUnavailable ? error.cause : error)),
  )
  if (scope !== undefined) findings.push(checkScope(scope))
  return findings
}

async function checkProvider(base: URL, client: ClientFacts | undefined, findings: Finding[]): Promise<void> {
  const { metadata, finding } = await readMetadata(base)
  findings.push(finding)
  if (!metadata) return
  findings.push(await checkKeys(base))
  if (client) findings.push(...(await checkClientAt(metadata, client)))
}
