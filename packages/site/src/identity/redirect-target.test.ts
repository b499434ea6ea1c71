import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redirectTarget } from './redirect-target.ts'

const ORIGIN = 'https://erp.example.com'
const go = (wanted: unknown): string => redirectTarget(wanted, ORIGIN, '/app')

describe('where one goes after signing in', () => {
  it.each([
    ['/my-apps', '/my-apps'],
    ['/api/method/x?client_id=1&state=%2F%26#top', '/api/method/x?client_id=1&state=%2F%26#top'],
    [`${ORIGIN}/my-apps?a=b`, '/my-apps?a=b'],
    ['my-apps', '/my-apps'],
  ])('is %s on this site', (wanted, target) => {
    expect(go(wanted)).toBe(target)
  })

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\t//evil.example',
    '/\t/evil.example',
    '/..//evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://erp.example.com@evil.example/',
    'https://user@erp.example.com/',
    'http://erp.example.com/',
    `${ORIGIN}//evil.example`,
    undefined,
    7,
  ])('is the start page instead of %j', (wanted) => {
    expect(go(wanted)).toBe('/app')
  })

  it('never leads off this site, whatever is asked for', () => {
    const pieces = fc.array(
      fc.constantFrom('/', '\\', '.', '..', '\t', '\n', '@', ':', 'evil.example', 'https', '%2f', '%09', '?', '#', ' '),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const target = go(parts.join(''))
        expect(target).toMatch(/^\//)
        expect(new URL(target, ORIGIN).origin).toBe(ORIGIN)
      }),
    )
  })
})
