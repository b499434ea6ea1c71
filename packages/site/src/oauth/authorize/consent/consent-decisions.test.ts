import { describe, expect, it } from 'vitest'
import { clientOf } from '../../testing/client.fixture.ts'
import { AuthorizationRequest } from '../authorization-request.ts'
import { consentScopes, decide, isConsentGiven, offeredScopes, type ConsentFacts } from './consent.ts'

const SCOPES = ['openid', 'Item:read', 'Item:write']
const facts = (values: Partial<ConsentFacts> & { granted?: string[]; rejected?: string[]; prompt?: string } = {}): ConsentFacts => ({
  client: clientOf(),
  redirectUri: 'https://app.example.com/cb',
  request: AuthorizationRequest.parse(`prompt=${values.prompt ?? ''}`),
  scopes: SCOPES,
  remembered: { granted: new Set(values.granted), rejected: new Set(values.rejected) },
  ...values,
})

describe('Consent', () => {
  const native = clientOf({ kind: 'native' })
  const custom = 'com.example.app:/cb'
  it.each<[what: string, facts: ConsentFacts, given: boolean]>([
    ['to all of it', facts({ granted: SCOPES }), true],
    ['to more than it', facts({ granted: [...SCOPES, 'all'] }), true],
    ['to a part of it', facts({ granted: ['openid', 'Item:read'] }), false],
    ['to nothing', facts(), false],
    ['to nothing, of a trusted app', facts({ client: clientOf({ trusted: true }) }), true],
    ['to all, of an app that wants to ask', facts({ granted: SCOPES, prompt: 'consent' }), false],
    ['to all, with another prompt', facts({ granted: SCOPES, prompt: 'login' }), true],
    ['of a trusted app that wants to ask', facts({ client: clientOf({ trusted: true }), prompt: 'consent' }), false],
    ['to all, at an address that any app may take', facts({ granted: SCOPES, client: native, redirectUri: custom }), false],
    [
      'of a trusted app, at an address that any app may take',
      facts({ client: clientOf({ kind: 'native', trusted: true }), redirectUri: custom }),
      false,
    ],
    ['to all, at an https address of an app without a secret', facts({ granted: SCOPES, client: native }), true],
    ['to all, of an app with a secret, at another address', facts({ granted: SCOPES, redirectUri: 'http://127.0.0.1/cb' }), true],
  ])('given before %s counts: %#', (_what, known, given) => expect(isConsentGiven(known)).toBe(given))

  it.each<[facts: ConsentFacts, offered: string[]]>([
    [facts(), SCOPES],
    [facts({ granted: ['Item:read'] }), ['openid', 'Item:write']],
    [facts({ granted: SCOPES }), SCOPES],
    [facts({ granted: ['Item:read'], prompt: 'consent' }), SCOPES],
    [facts({ rejected: ['Item:read'] }), SCOPES],
  ])('is asked for what is new, or for all of it (%#)', (known, offered) => expect(offeredScopes(known)).toEqual(offered))
})

describe('The boxes of its page', () => {
  const sets = new Map([['field', { title: 'Field', scopes: ['Item:write', 'Item:print'] }]])
  const boxes = (known: ConsentFacts, offered: string[]): [scope: string, required: boolean, checked: boolean][] =>
    consentScopes(known, offered).map(({ scope, required, checked }) => [scope, required, checked])

  it('are ticked, and none for who the user is or what the app requires', () => {
    const client = clientOf({ requiredScopes: ['Item:read'] })
    expect(boxes(facts({ client }), [...SCOPES, 'email', 'offline_access'])).toEqual([
      ['openid', true, true],
      ['Item:read', true, true],
      ['Item:write', false, true],
      ['email', true, true],
      ['offline_access', true, true],
    ])
  })

  it('are not ticked for what was unticked before, unless it is required', () => {
    const client = clientOf({ requiredScopes: ['Item:read'] })
    expect(boxes(facts({ client, rejected: SCOPES }), SCOPES)).toEqual([
      ['openid', true, true],
      ['Item:read', true, true],
      ['Item:write', false, false],
    ])
  })

  it('are not ticked for what is optional and changes something', () => {
    const offered = ['all', 'Item:read', 'Item:write', 'Item:print', 'method:a.b', '*:delete']
    const client = clientOf({ optionalScopes: offered })
    expect(boxes(facts({ client }), offered).filter(([, , checked]) => !checked)).toEqual([
      ['all', false, false],
      ['Item:write', false, false],
      ['*:delete', false, false],
    ])
    expect(boxes(facts(), offered).every(([, , checked]) => checked)).toBe(true)
  })

  it('follow what the app says of a set that holds them', () => {
    const offered = ['Item:read', 'Item:write', 'Item:print']
    const required = clientOf({ requiredScopes: ['set:field', 'set:ghost'] })
    expect(boxes(facts({ client: required, sets }), offered)).toEqual([
      ['Item:read', false, true],
      ['Item:write', true, true],
      ['Item:print', true, true],
    ])
    expect(boxes(facts({ client: required }), offered).map(([, one]) => one)).toEqual([false, false, false])
    expect(boxes(facts({ client: clientOf({ requiredScopes: ['Set:field', 'field'] }), sets }), offered).map(([, one]) => one)).toEqual([
      false,
      false,
      false,
    ])
    expect(boxes(facts({ client: clientOf({ optionalScopes: ['set:field'] }), sets }), offered)).toEqual([
      ['Item:read', false, true],
      ['Item:write', false, false],
      ['Item:print', false, true],
    ])
  })

  it('stand under the title of the set that they were asked for with', () => {
    const titles = new Map([['Item:write', 'Field']])
    expect(consentScopes(facts({ titles }), SCOPES).map(({ title }) => title)).toEqual([undefined, undefined, 'Field'])
    expect(consentScopes(facts(), SCOPES).map(({ title }) => title)).toEqual([undefined, undefined, undefined])
  })
})

describe('A decision', () => {
  const client = clientOf({ requiredScopes: ['Item:read'] })
  it.each<[offered: string[], ticked: string[], granted: string[], remembered: string[]]>([
    [SCOPES, [], ['openid', 'Item:read'], []],
    [SCOPES, ['Item:write'], SCOPES, []],
    [['Item:write'], [], ['openid', 'Item:read'], ['openid', 'Item:read']],
    [['Item:write'], ['Item:write'], ['Item:write'], []],
    [SCOPES, [], ['openid', 'Item:read'], SCOPES],
    [[], ['Item:write'], [], []],
  ])('on %j with %j ticked grants %j to who granted before: %j', (offered, ticked, granted, before) => {
    const decided = decide(facts({ client, granted: before }), offered, ticked)
    expect(decided).toEqual({ granted, rejected: SCOPES.filter((scope) => !granted.includes(scope)) })
  })
})
