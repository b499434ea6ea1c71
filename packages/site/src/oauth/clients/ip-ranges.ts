import { BlockList, isIP, isIPv6 } from 'node:net'
import { invalid } from '@annex/protocol'

const MAX_LINES = 200
const MOST_KEPT = 500
const kept = new Map<string, BlockList>()

/**
 * Judges addresses and CIDR ranges, one a line.
 *
 * @throws {FrappeError} `ValidationError` that names the line
 */
export function checkIpRanges(text: string): void {
  const lines = text.split('\n')
  if (lines.length > MAX_LINES) throw invalid(`IP Ranges: write at most ${MAX_LINES} lines`)
  const list = new BlockList()
  for (const [index, line] of lines.entries()) {
    const range = line.trim()
    if (range !== '' && !addRange(list, range))
      throw invalid(
        `IP Ranges, line ${index + 1}: ${range.slice(0, 60)} is neither an address nor a range such as 192.0.2.0/24 or 2001:db8::/32`,
      )
  }
}

/**
 * Whether an app's tokens and secrets are good from an address. An app without ranges may come from anywhere;
 * an address that cannot be read is outside of any range.
 */
export const isFrom = (client: { readonly ipRanges: readonly string[] }, ip: string): boolean =>
  client.ipRanges.length === 0 || isWithin(client.ipRanges.join('\n'), ip)

/** As `isFrom`, for ranges as they are stored; read once for each text, as this stands on the path of every request. */
export function isWithin(ranges: string, ip: string): boolean {
  const address = ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(address)
  return family !== 0 && listOf(ranges).check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function listOf(ranges: string): BlockList {
  const known = kept.get(ranges)
  if (known) return known
  if (kept.size >= MOST_KEPT) kept.clear()
  const list = new BlockList()
  for (const range of ranges.split(/\s+/)) if (range !== '') addRange(list, range)
  kept.set(ranges, list)
  return list
}

function addRange(list: BlockList, range: string): boolean {
  const [address = '', prefix, ...more] = range.split('/')
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return false
  const type = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (prefix === undefined) {
    list.addAddress(address, type)
    return true
  }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (type === 'ipv6' ? 128 : 32)) return false
  list.addSubnet(address, Number(prefix), type)
  return true
}
