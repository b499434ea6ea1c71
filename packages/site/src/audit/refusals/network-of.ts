import { isIPv4, isIPv6 } from 'node:net'

/** The network that an address is counted by: the first three numbers of IPv4, the first 64 bits of IPv6. */
export function networkOf(ip: string | undefined): string {
  if (ip === undefined) return ''
  const bare = ip.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(bare)) return bare.slice(0, bare.lastIndexOf('.'))
  return isIPv6(bare) ? groupsOf(bare).slice(0, 4).join(':') : ''
}

function groupsOf(address: string): string[] {
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const [before, after] = [split(head), split(tail ?? '')]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array<string>(zeros).fill('0'), ...after]
}

const split = (text: string): string[] => (text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, '')))
