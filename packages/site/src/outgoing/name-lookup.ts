import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { codeOf } from './outcome.ts'
import { Lookups, systemLookup, type Lookup } from './lookups.ts'

export interface NameLookupParts {
  /** `address:port` of name servers; the system's own when absent. */
  readonly servers?: readonly string[]
  /** The system's own when absent. */
  readonly hostsFile?: string
  /** Asked for what name servers do not know; the system when absent. */
  readonly otherwise?: Lookup
  /** Milliseconds for the first of two tries, the second takes twice as long; 1,500 when absent: who asks gives up after five seconds. */
  readonly firstTry?: number
}

const HOSTS_FILE = '/etc/hosts'
/** Half of the threads that Node has. */
const MOST_THREADS = 2
const FIRST_TRY = 1500
/** The system may know such a name all the same: by its search domains, or from the network around it. */
const NOT_IN_DNS = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

/**
 * Every address of a name: what the hosts file says, else what name servers say, else what the system finds out by other ways.
 * Name servers are asked without threads, so that any number of names whose servers are silent keep nobody else's waiting; the
 * system does it in threads, and takes a few names at a time. Once who asked has given up, nobody is asked any more.
 */
export function nameLookup(parts: NameLookupParts = {}): Lookup {
  const { hostsFile = HOSTS_FILE, otherwise = systemLookup } = parts
  const others = new Lookups(otherwise, MOST_THREADS)
  return async (host, signal) => {
    const listed = addressesIn(await readFile(hostsFile, 'utf8').catch(() => ''), host.replace(/\.$/, ''))
    if (listed.length > 0) return listed
    signal?.throwIfAborted()
    try {
      return await askServers(host, parts, signal)
    } catch (error) {
      if (signal?.aborted !== true && mayBeKnownElsewhere(host, codeOf(error))) return others.find(host)
      throw error
    }
  }
}

/** A name server next to the machine refuses names of one word as it likes: they are for the search domains. */
const mayBeKnownElsewhere = (host: string, code: string): boolean => NOT_IN_DNS.has(code) || (!host.includes('.') && code !== 'ETIMEOUT')

/** Of both families. @throws the first fault when there is no address of either */
async function askServers(host: string, parts: NameLookupParts, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const resolver = resolverOf(parts)
  const giveUp = (): void => resolver.cancel()
  signal?.addEventListener('abort', giveUp)
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  signal?.removeEventListener('abort', giveUp)
  const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length === 0 && four.status === 'rejected') throw four.reason
  return found
}

/** A new one each time: it knows the servers of now, and keeps no answer. */
function resolverOf({ servers, firstTry = FIRST_TRY }: NameLookupParts): Resolver {
  const resolver = new Resolver({ timeout: firstTry, tries: 2 })
  if (servers) resolver.setServers(servers)
  return resolver
}

const addressesIn = (hosts: string, name: string): string[] =>
  hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((known) => known.toLowerCase() === name) ? [address] : []
  })
