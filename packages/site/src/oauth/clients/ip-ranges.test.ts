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
    ['192.0.2.7\r\n192.0.2.9', '192.0.2.9', true],
    ['192.0.2.0/32', '192.0.2.1', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['2001:db8::/128', '2001:db8::', true],
    ['2001:db8::/128', '2001:db8::1', false],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['2001:db8::7', '2001:db8:0:0::7', true],
    ['2001:db8::7', '2001:db8::8', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.0/24', '::ffff:192.0.2.9%1', true],
    ['192.0.2.7', '1::ffff:192.0.2.7', false],
    ['fe80::1', 'fe80::1%eth0%1', true],
    ['192.0.2.0/24/24', '192.0.2.7', false],
    ['fe80::1%eth0', 'fe80::1', false],
    ['192.0.2.0/', '192.0.2.0', false],
    ['192.0.2.0/0x8', '192.0.2.0', false],
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
    ['192.0.2.0/1e1', 1],
    ['192.0.2.0/ 8', 1],
    ['192.0.2.0/0008', 1],
    ['192.0.2.1 192.0.2.2', 1],
  ])('%j is refused and the error names line %i', (text, line) => {
    expect(() => checkIpRanges(text)).toThrow(new RegExp(`^IP Ranges, line ${line}: `))
  })

  it('are two hundred lines at most, and a refused one is shown cut', () => {
    const lines = (count: number): string => Array.from({ length: count }, () => '192.0.2.1').join('\n')
    expect(() => checkIpRanges(lines(200))).not.toThrow()
    expect(() => checkIpRanges(lines(201))).toThrow(
      expect.objectContaining({ excType: 'ValidationError', message: 'IP Ranges: write at most 200 lines' }),
    )
    expect(() => checkIpRanges(`\n${'x'.repeat(80)}`)).toThrow(
      expect.objectContaining({
        excType: 'ValidationError',
        message: `IP Ranges, line 2: ${'x'.repeat(60)} is neither an address nor a range such as 192.0.2.0/24 or 2001:db8::/32`,
      }),
    )
  })

  it.each(['192.0.2.0/32', '192.0.2.0/0', '2001:db8::/128', '2001:db8::/33', '2001:db8::1'])('may be %s', (text) => {
    expect(() => checkIpRanges(text)).not.toThrow()
  })

  it('are judged the same however many others were read meanwhile', () => {
    for (let turn = 0; turn < 2; turn += 1)
      for (let i = 0; i < 600; i += 1) expect(isWithin(`10.${Math.floor(i / 250)}.${i % 250}.0/24`, '10.0.7.1')).toBe(i === 7)
  })

  it('may have empty lines and blanks around', () => {
    expect(() => checkIpRanges(' 192.0.2.0/24 \r\n\n2001:db8::1\n')).not.toThrow()
  })
})
