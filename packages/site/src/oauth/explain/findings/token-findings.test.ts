import { describe, expect, it } from 'vitest'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import type { Client } from '../../clients/client.ts'
import type { TokenRow } from '../../storage/oauth-tables.ts'
import type { GrantFacts } from '../explain-store.ts'
import type { Finding } from './findings.ts'
import { appFindings, grantFinding, opennessFinding, resourceFinding, tokenFinding, userFinding } from './token-findings.ts'

const BODY = 'x'.repeat(43)
const shown = (micros: number): string => `day ${micros}`
const row = { expires: 50 } as TokenRow
const facts = (values: Partial<GrantFacts['grant']> = {}, epoch = 1): GrantFacts => ({
  grant: { created: 10, expires: 50, revoked_at: null, reason: null, epoch: 1, ...values } as GrantFacts['grant'],
  epoch,
})
const client = (values: Partial<Client> = {}): Client =>
  ({
    name: 'Field Sales',
    enabled: true,
    state: 'Active',
    ipRanges: [],
    authorizationPolicy: 'Roles',
    allowedRoles: [],
    ...values,
  }) as Client
const principal = (...roles: string[]): Principal => ({ ...ADMINISTRATOR, user: 'ann@example.com', roles: new Set(roles) })

const ANEW = 'The app sends its user through the sign-in again'
const RENEW = 'The app renews it with its refresh token'

describe('what is said of a token', () => {
  const REFRESH = {
    check: 'token',
    outcome: 'refuses',
    sentence: 'This is a refresh token; calls are made with an access token',
    remedy: 'Exchange it at the token endpoint and call with what comes back',
  }
  const FOREIGN = {
    check: 'token',
    outcome: 'refuses',
    sentence: 'This is no access token of this site: those begin with "at" and have 47 characters',
    remedy: 'Check what the app sends behind "Bearer "',
  }
  const UNKNOWN = {
    check: 'token',
    outcome: 'refuses',
    sentence: 'This site knows no such token: it was never issued here, or it ended more than a day ago',
    remedy: 'The app renews it with its refresh token, or its user signs in again',
  }
  const EXPIRED = { check: 'token', outcome: 'refuses', sentence: 'The access token expired on day 50', remedy: RENEW }
  const GOOD = { check: 'token', outcome: 'holds', sentence: 'The access token is good until day 50' }

  it.each<[what: string, text: string, row: TokenRow | undefined, now: number, said: Finding]>([
    ['a refresh token', `rt1_${BODY}`, undefined, 0, REFRESH as Finding],
    ['a refresh token that is cut short', 'rtz_', undefined, 0, REFRESH as Finding],
    ['a text that names a refresh token in its midst', `x rt1_${BODY}`, row, 0, FOREIGN as Finding],
    ['a refresh token of no version', 'rt_abc', row, 0, FOREIGN as Finding],
    ['a refresh token of two versions', 'rt11_abc', row, 0, FOREIGN as Finding],
    ['a refresh token of a version that there is none of', 'rtA_abc', row, 0, FOREIGN as Finding],
    ['a token that is too short', 'at1_x', row, 0, FOREIGN as Finding],
    ['one that nobody knows', `at1_${BODY}`, undefined, 0, UNKNOWN as Finding],
    ['one that has ended', `at1_${BODY}`, row, 51, EXPIRED as Finding],
    ['one that ends now', `at1_${BODY}`, row, 50, EXPIRED as Finding],
    ['one that ends soon', `at1_${BODY}`, row, 49, GOOD as Finding],
  ])('the finding on %s', (_what, text, known, now, said) => {
    expect(tokenFinding(text, known, now, shown)).toEqual(said)
  })
})

describe('what is said of a consent', () => {
  const refused = (sentence: string): Finding => ({ check: 'grant', outcome: 'refuses', sentence, remedy: ANEW })
  const RESTORED = 'The site was restored from a backup since the user consented; no consent from before counts'

  it.each<[what: string, facts: GrantFacts, now: number, said: Finding]>([
    ['that is alive', facts(), 49, { check: 'grant', outcome: 'holds', sentence: "The user's consent of day 10 holds until day 50" }],
    ['that ends now', facts(), 50, refused("The user's consent ended on day 50")],
    ['that ended', facts(), 51, refused("The user's consent ended on day 50")],
    [
      'that somebody ended',
      facts({ revoked_at: 20, reason: 'user_revoked' }),
      30,
      refused("The user's consent was ended on day 20 (user_revoked)"),
    ],
    ['of which nobody knows why', facts({ revoked_at: 20 }), 30, refused("The user's consent was ended on day 20 (no reason is known)")],
    [
      'that was ended at the very first moment',
      facts({ revoked_at: 0, reason: 'x' }),
      30,
      refused("The user's consent was ended on day 0 (x)"),
    ],
    ['from before a restore', facts({}, 2), 30, refused(RESTORED)],
    ['that both ended and is from before a restore', facts({}, 2), 51, refused(RESTORED)],
  ])('a consent %s has its finding', (_what, known, now, said) => {
    expect(grantFinding(known, now, shown)).toEqual(said)
  })
})

describe('what is said of the app', () => {
  const ADD = 'A System Manager adds the address to the IP ranges of the app'
  const ACTIVE: Finding = { check: 'app', outcome: 'holds', sentence: 'The app Field Sales is active' }
  const off = (sentence: string, remedy: string): Finding => ({ check: 'app', outcome: 'refuses', sentence, remedy })
  const address = (outcome: 'refuses' | 'limits', sentence: string): Finding => ({ check: 'address', outcome, sentence, remedy: ADD })
  const ranges = { ipRanges: ['10.0.0.0/8', '192.0.2.1'] }

  it.each<[what: string, client: Client | undefined, ip: string | undefined, seesApp: boolean, said: Finding[]]>([
    ['that is gone', undefined, '10.0.0.1', true, [off('The app has been removed', 'A System Manager registers it anew')]],
    ['that is active', client(), '10.0.0.1', true, [ACTIVE]],
    [
      'that is suspended',
      client({ enabled: false, state: 'Suspended' }),
      undefined,
      true,
      [off('The app Field Sales is suspended', 'A System Manager sets its state to Active')],
    ],
    [
      'that waits',
      client({ enabled: false, state: 'Pending' }),
      undefined,
      false,
      [off('The app Field Sales is pending', 'A System Manager sets its state to Active')],
    ],
    [
      'that is retired',
      client({ enabled: false, state: 'Retired' }),
      undefined,
      true,
      [off('The app Field Sales is retired', 'A retired app stays so; register it anew')],
    ],
    [
      'with addresses, for a call from one',
      client(ranges),
      '10.1.1.1',
      true,
      [ACTIVE, { check: 'address', outcome: 'holds', sentence: '10.1.1.1 is within an address range of the app' }],
    ],
    [
      'with addresses, for a call from elsewhere',
      client(ranges),
      '192.0.2.2',
      true,
      [ACTIVE, address('refuses', '192.0.2.2 is outside of every address range of the app (10.0.0.0/8, 192.0.2.1)')],
    ],
    [
      'with addresses that may not be told, for a call from elsewhere',
      client(ranges),
      '192.0.2.2',
      false,
      [ACTIVE, address('refuses', '192.0.2.2 is outside of every address range of the app (set by a System Manager)')],
    ],
    [
      'with addresses, for a call from anywhere',
      client(ranges),
      undefined,
      true,
      [ACTIVE, address('limits', 'The app is good from some addresses alone: 10.0.0.0/8, 192.0.2.1')],
    ],
    [
      'with addresses that may not be told, for a call from anywhere',
      client(ranges),
      undefined,
      false,
      [ACTIVE, address('limits', 'The app is good from some addresses alone: set by a System Manager')],
    ],
  ])('an app %s has its findings', (_what, app, ip, seesApp, said) => {
    expect(appFindings(app, ip, seesApp)).toEqual(said)
  })
})

describe('what is said of the user', () => {
  it.each<[what: string, principal: Principal | undefined, isAdmitted: boolean, said: Finding]>([
    ['who is there', principal('All'), true, { check: 'user', outcome: 'holds', sentence: 'The user ann is enabled' }],
    [
      'who is gone',
      undefined,
      true,
      { check: 'user', outcome: 'refuses', sentence: 'The user ann is disabled or gone', remedy: 'A System Manager enables the User' },
    ],
    [
      'for whom no app may act',
      undefined,
      false,
      {
        check: 'user',
        outcome: 'refuses',
        sentence: 'Apps may not act for ann on this site',
        remedy: 'Use another user, or set ANNEX_ALLOW_ADMINISTRATOR',
      },
    ],
  ])('a user %s has their finding', (_what, known, isAdmitted, said) => {
    expect(userFinding('ann', known, isAdmitted)).toEqual(said)
  })

  it('an app that is open to other roles by now is refused, unless it acts for itself', () => {
    const roles = { allowedRoles: ['Seller', 'Boss'] }
    expect(opennessFinding(client(roles), principal('All'), null, false)).toEqual([
      {
        check: 'app',
        outcome: 'refuses',
        sentence: 'The app is open to other roles (Seller, Boss), of which ann@example.com has none',
        remedy: 'Give ann@example.com one of them, or the app one of theirs',
      },
    ])
    expect(opennessFinding(client(roles), principal('All', 'Boss'), null, false)).toEqual([])
    expect(opennessFinding(client({ ...roles, authorizationPolicy: 'Everyone' }), principal('All'), null, false)).toEqual([])
    expect(opennessFinding(client(), principal('All'), null, false)).toEqual([])
    expect(opennessFinding(client(roles), principal('All'), 'service', false)).toEqual([])
    expect(opennessFinding(undefined, principal('All'), null, false)).toEqual([])
  })

  it('an app that asks for approval by now is open to whom a System Manager approved, and to itself', () => {
    const asking = client({ authorizationPolicy: 'After Approval', allowedRoles: ['Seller'] })
    expect(opennessFinding(asking, principal('All'), null, false)).toEqual([
      {
        check: 'app',
        outcome: 'refuses',
        sentence: 'The app is open to those alone whom a System Manager approved, and ann@example.com is not among them',
        remedy: 'The app sends its user through the sign-in, and a System Manager approves them',
      },
    ])
    expect(opennessFinding(asking, principal('All'), 'device', false)).toHaveLength(1)
    expect(opennessFinding(asking, principal('All'), null, true)).toEqual([])
    expect(opennessFinding(asking, principal('All'), 'service', false)).toEqual([])
  })

  it('what is for another address than the site has now is refused', () => {
    expect(resourceFinding('https://old.example.com/mcp', 'https://new.example.com')).toEqual([
      {
        check: 'resource',
        outcome: 'refuses',
        sentence: 'It is for https://old.example.com/mcp alone, and this site is at https://new.example.com now',
        remedy: ANEW,
      },
    ])
    for (const resource of [null, 'https://new.example.com', 'https://old.example.com https://new.example.com/mcp'])
      expect(resourceFinding(resource, 'https://new.example.com')).toEqual([])
  })
})
