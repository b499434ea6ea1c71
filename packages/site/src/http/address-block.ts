import { isIPv6 } from 'node:net'

/**
 * What one caller can easily have: an IPv4 address, or the 64 bits of an IPv6 network, in which a caller may change the rest
 * with every request.
 */
export function addressBlock(ip: string): string {
  if (!ip.includes(':')) return ip
  const bare = ip.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(bare)) return bare
  const [head = '', tail] = bare.split('%', 1)[0]?.split('::') ?? []
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const groups = [...before, ...zeros, ...after].slice(0, 4)
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}
