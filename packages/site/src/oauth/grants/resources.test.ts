import { OAuthError } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { audienceOf, isForSite, joinResources, narrowResources } from './resources.ts'

const SITE = 'https://site.example'
const join = (...resources: string[]): string | undefined => joinResources(resources, SITE)
const wrong = (sentence: string): OAuthError => new OAuthError('invalid_target', sentence)

describe('The resources of a request', () => {
  it.each<[resources: string[], joined: string | undefined]>([
    [[], undefined],
    [[SITE], SITE],
    [[`${SITE}/`], SITE],
    [[`${SITE}/?a=1`], `${SITE}/?a=1`],
    [[`${SITE}/mcp`], `${SITE}/mcp`],
    [[`${SITE}/mcp?a=1`], `${SITE}/mcp?a=1`],
    [[`${SITE}/mcp`, `${SITE}/`, SITE, `${SITE}/api`], `${SITE} ${SITE}/api ${SITE}/mcp`],
    [['HTTPS://SITE.example:443/mcp'], `${SITE}/mcp`],
  ])('%j are %s', (resources, joined) => expect(join(...resources)).toBe(joined))

  it('are addresses of this site, at most ten, and without a fragment', () => {
    for (const stray of [
      'nonsense',
      'https://elsewhere.example/',
      'http://site.example',
      `${SITE}.evil.example`,
      'https://site.example:8443',
    ])
      expect(() => join(SITE, stray)).toThrow(wrong('resource must be an address of this site'))
    for (const resource of [`${SITE}#`, `${SITE}/mcp#x`]) expect(() => join(resource)).toThrow(wrong('resource must not have a fragment'))
    const many = Array.from({ length: 10 }, (_, index) => `${SITE}/${index}`)
    expect(join(...many)).toBe(many.join(' '))
    expect(() => join(...many, SITE)).toThrow(wrong('Name at most 10 resources'))
    const long = `${SITE}/${'a'.repeat(4096 - SITE.length - 1)}`
    expect(join(long)).toBe(long)
    for (const resources of [[`${long}a`], [long, SITE], [`${SITE}/${'ä'.repeat(700)}`]])
      expect(() => join(...resources)).toThrow(wrong('Together the resources may have 4096 characters'))
    expect(() => join('nonsense')).toThrow(OAuthError)
    try {
      join('nonsense')
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_target' })
    }
  })

  it.each<[sent: string | undefined, granted: string | null, narrowed: string | null]>([
    [undefined, null, null],
    ['', null, null],
    [undefined, `${SITE}/mcp`, `${SITE}/mcp`],
    [`${SITE}/mcp`, null, `${SITE}/mcp`],
    [`${SITE}/mcp`, `${SITE}/api ${SITE}/mcp`, `${SITE}/mcp`],
    [` ${SITE}/mcp  ${SITE}/api `, `${SITE}/api ${SITE}/mcp`, `${SITE}/api ${SITE}/mcp`],
  ])('%j of a grant for %j is %j', (sent, granted, narrowed) => expect(narrowResources(sent, granted, SITE)).toBe(narrowed))

  it.each([`${SITE}/other`, SITE, `${SITE}/mcp ${SITE}/other`])('%s is more than a grant for another', (sent) => {
    expect(() => narrowResources(sent, `${SITE}/mcp`, SITE)).toThrow(
      wrong('A token may be for the resources that the authorization named, or for fewer'),
    )
  })

  it.each<[resource: string | null, audience: string | string[]]>([
    [null, SITE],
    ['', SITE],
    [`${SITE}/mcp`, `${SITE}/mcp`],
    [`${SITE}/api ${SITE}/mcp`, [`${SITE}/api`, `${SITE}/mcp`]],
  ])('%j make the audience %j', (resource, audience) => expect(audienceOf(resource, SITE)).toEqual(audience))

  it.each<[resource: string | null, verdict: boolean]>([
    [null, true],
    [SITE, true],
    [`${SITE}/mcp`, true],
    [`https://elsewhere.example ${SITE}/mcp`, true],
    ['', false],
    ['https://elsewhere.example', false],
    [`${SITE}.evil.example`, false],
    [`${SITE}x/mcp`, false],
  ])('%j are for this site: %s', (resource, verdict) => expect(isForSite(resource, SITE)).toBe(verdict))
})
