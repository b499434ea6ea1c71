import { BlockList, isIP, isIPv6 } from 'node:net'

/** Not on the public Internet, or not one machine's. @see RFC 6890, and the IANA registries of special-purpose addresses */
const FORBIDDEN_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
/** All else is loopback, local, multicast, or carries an IPv4 address inside. */
const PUBLIC_6 = ['2000::/3']
/** Of those: protocols' own (Teredo among them), documentation, 6to4. */
const FORBIDDEN_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/** Which addresses may be called. */
export class Addresses {
  readonly #allowed: BlockList

  /** @param allowed - addresses and CIDR ranges that may be called although they are not public */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed)
  }

  /** An IPv4 address inside an IPv6 one is judged by itself. */
  judge(address: string): 'public' | 'allowed' | 'forbidden' {
    const version = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) return 'forbidden'
    if (this.#allowed.check(address, version)) return 'allowed'
    return isPublic(address, version) ? 'public' : 'forbidden'
  }
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const version = isIPv6(address) ? 'ipv6' : 'ipv4'
    list.addSubnet(address, prefix === undefined ? (version === 'ipv6' ? 128 : 32) : Number(prefix), version)
  }
  return list
}

const [FORBIDDEN, PUBLIC] = [listOf([...FORBIDDEN_4, ...FORBIDDEN_6]), listOf(PUBLIC_6)]

const isPublic = (address: string, version: 'ipv4' | 'ipv6'): boolean =>
  !FORBIDDEN.check(address, version) && (version === 'ipv4' || PUBLIC.check(address, version))
