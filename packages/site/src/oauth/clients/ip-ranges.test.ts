import { describe, expect, it } from 'vitest'
import { checkIpRanges, isFrom, isWithin } from './ip-ranges.ts'

describe('the IP ranges of an app', () => {
  it.each<[ranges: string, ip: string, within: boolean]>([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['192.0.2.0/24', '::FFFF:192.0.3.9', false],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::/32\n10.0.0.0/8', '10.200.3.4', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    // Node takes an IPv4 address for the IPv6 one that stands for it, and ::/0 for everywhere.
    ['::/0', '192.0.2.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'unknown', false],
    ['nonsense', '192.0.2.7', false],
  ])('%j: %s is within them: %s', (ranges, ip, within) => {
    expect(isWithin(ranges, ip)).toBe(within)
    expect(isFrom({ ipRanges: ranges.split('\n') }, ip)).toBe(within)
  })

  it('let everybody in when there are none', () => {
    expect(isFrom({ ipRanges: [] }, 'unknown')).toBe(true)
  })

  it.each<[text: string, line: number]>([
    ['192.0.2.256', 1],
    ['192.0.2.0/24\n192.0.2.0/33', 2],
    ['10.0.0.0/8\n\n2001:db8::/129', 3],
    ['192.0.2.0/-1', 1],
    ['192.0.2.0/24/24', 1],
    ['192.0.2.0/', 1],
    ['fe80::1%eth0', 1],
    ['example.com', 1],
    ['192.0.2.1 192.0.2.2', 1],
  ])('%j is refused and the error names line %i', (text, line) => {
    expect(() => checkIpRanges(text)).toThrow(new RegExp(`^IP Ranges, line ${line}: `))
  })

  it('may have empty lines and blanks around', () => {
    expect(() => checkIpRanges(' 192.0.2.0/24 \r\n\n2001:db8::1\n')).not.toThrow()
  })
})
