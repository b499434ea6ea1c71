import { ScopeSet, type DocType, type Right } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import type { TokenRights } from '../../../policy/principal.ts'
import type { Client } from '../../clients/client.ts'
import { allows, type Finding } from './findings.ts'
import { methodFinding, scopeFindings } from './scope-findings.ts'

const token = (scopes: string, values: Partial<TokenRights> = {}): TokenRights => ({
  hash: 'h',
  grant: 'g',
  client: 'c',
  scopes: new ScopeSet(scopes.split(' ').filter((scope) => scope !== '')),
  unfenced: false,
  doctypeIds: { 'Sales Invoice': 'id-1', Quotation: 'id-2', Row: 'id-3', User: 'id-4', File: 'id-5' },
  ...values,
})
const IDS: Readonly<Record<string, string>> = { 'Sales Invoice': 'id-1', Quotation: 'id-2', Row: 'id-3', User: 'id-4', File: 'id-5' }
const doctypeOf = (name: string): DocType | undefined =>
  name in IDS ? ({ name, id: IDS[name], istable: name === 'Row' } as unknown as DocType) : undefined

interface Asked {
  readonly token: TokenRights
  readonly doctype?: string
  readonly right?: Right
  readonly client?: Client
  readonly parents?: readonly string[]
  readonly of?: typeof doctypeOf
}

const found = ({ token: rights, doctype = 'Sales Invoice', right = 'read', client, parents = [], of = doctypeOf }: Asked): Finding[] =>
  scopeFindings({ token: rights, client, doctype: doctypeOf(doctype)!, parents, doctypeOf: of, right })
const refused = (sentence: string, remedy: string, check: Finding['check'] = 'scope'): Finding => ({
  check,
  outcome: 'refuses',
  sentence,
  remedy,
})
const ASK = 'The app asks its user for Sales.Invoice:read'
const open = (scopes: string): Client => ({ scopes: scopes.split(' ') }) as unknown as Client

describe('what the scopes of a token say of documents', () => {
  it.each<[what: string, asked: Asked, said: Finding[]]>([
    [
      'that the scope is there',
      { token: token('openid Sales.Invoice:read') },
      [{ check: 'scope', outcome: 'holds', sentence: "The app's scopes cover Sales.Invoice:read" }],
    ],
    [
      'that it is not',
      { token: token('openid Quotation:read') },
      [refused("The app's scopes (openid Quotation:read) do not cover Sales.Invoice:read", ASK)],
    ],
    ['that there is none at all', { token: token('') }, [refused("The app's scopes (none) do not cover Sales.Invoice:read", ASK)]],
    [
      'that the app may ask for it',
      { token: token('openid'), client: open('Sales.Invoice:*') },
      [refused("The app's scopes (openid) do not cover Sales.Invoice:read", ASK)],
    ],
    [
      'that the app may not ask for it',
      { token: token('openid'), client: open('Quotation:*') },
      [
        refused(
          "The app's scopes (openid) do not cover Sales.Invoice:read",
          'A System Manager adds Sales.Invoice:read to the allowed rights of the app; then the app asks its user for it',
        ),
      ],
    ],
    [
      'that it is of a namesake',
      { token: token('Sales.Invoice:read', { doctypeIds: { 'Sales Invoice': 'id-0' } }) },
      [refused('The user allowed Sales.Invoice:read for another DocType Sales Invoice, which was there before this one', `${ASK} again`)],
    ],
    [
      'that much is open, and the fence stays',
      { token: token('all'), doctype: 'User' },
      [
        refused(
          "The app's scopes (all) open much, but stop before User",
          'The app asks its user for User:read, or lift the fence for the app',
          'fence',
        ),
      ],
    ],
    [
      'that sharing is behind the fence on every DocType',
      { token: token('all'), right: 'share' },
      [
        refused(
          "The app's scopes (all) open much, but stop before sharing",
          'The app asks its user for Sales.Invoice:share, or lift the fence for the app',
          'fence',
        ),
      ],
    ],
    [
      'that a row needs the scopes of all its documents',
      { token: token('Sales.Invoice:read'), doctype: 'Row', parents: ['Sales Invoice', 'Quotation'] },
      [refused("The app's scopes (Sales.Invoice:read) do not cover Quotation:read", 'The app asks its user for Quotation:read')],
    ],
    [
      'that a row has them',
      { token: token('Sales.Invoice:read Quotation:read'), doctype: 'Row', parents: ['Sales Invoice', 'Quotation'] },
      [{ check: 'scope', outcome: 'holds', sentence: "The app's scopes cover Sales.Invoice:read and Quotation:read" }],
    ],
    [
      'that a row of a DocType that is gone needs another consent',
      { token: token('Sales.Invoice:read'), doctype: 'Row', parents: ['Sales Invoice'], of: () => undefined },
      [refused('The user allowed Sales.Invoice:read for another DocType Sales Invoice, which was there before this one', `${ASK} again`)],
    ],
    [
      'that everything opens files of one’s own',
      { token: token('all'), doctype: 'File' },
      [
        { check: 'scope', outcome: 'holds', sentence: "The app's scopes cover File:read" },
        {
          check: 'fence',
          outcome: 'limits',
          sentence: 'Through "all" the app gets those documents of File that its user made',
          remedy: 'The app asks its user for File:read',
        },
      ],
    ],
    [
      'that files by name are all files',
      { token: token('all File:read'), doctype: 'File' },
      [{ check: 'scope', outcome: 'holds', sentence: "The app's scopes cover File:read" }],
    ],
  ])('they say %s', (_what, asked, said) => {
    expect(found(asked)).toEqual(said)
  })
})

describe('what the scopes of a token say of a method', () => {
  const HOLDS: Finding = { check: 'method', outcome: 'holds', sentence: "The app's scopes cover method:site.do" }
  const REFUSES = (scopes: string): Finding =>
    refused(`The app's scopes (${scopes}) do not cover method:site.do`, 'The app asks its user for method:site.do', 'method')

  it.each<[rights: TokenRights, said: Finding]>([
    [token('method:site.do'), HOLDS],
    [token('method:site.*'), HOLDS],
    [token('all', { unfenced: true }), HOLDS],
    [token('all'), REFUSES('all')],
    [token('openid', { unfenced: true }), REFUSES('openid')],
    [token('method:site.other'), REFUSES('method:site.other')],
  ])('scopes have their finding on a method (%#)', (rights, said) => {
    expect(methodFinding(rights, 'site.do')).toEqual(said)
  })
})

it('findings allow what none of them refuses', () => {
  const [holds, limits, refuses] = (['holds', 'limits', 'refuses'] as const).map((outcome): Finding => ({
    check: 'role',
    outcome,
    sentence: 's',
    remedy: 'r',
  })) as [Finding, Finding, Finding]
  expect([allows([]), allows([holds, limits]), allows([holds, refuses]), allows([refuses])]).toEqual([true, true, false, false])
})
