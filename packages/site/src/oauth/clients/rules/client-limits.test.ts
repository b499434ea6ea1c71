import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { docType, field } from '../../../policy/policy.fixture.ts'
import type { SiteSettings } from '../../settings.ts'
import { checkClient, type ClientRules } from './client-rules.ts'

const GOOD = { kind: 'web', scopes: 'openid Item:*', redirect_uris: 'https://app.example.com/cb' }

const rules: ClientRules = {
  doctypeOf: (name: string): DocType | undefined => (name === 'Item' ? docType('Item', [field('title', 'Data')]) : undefined),
  httpRedirectHosts: [],
  settings: async () => ({ scopeSets: new Map(), registrationScopes: ['openid'] }) as unknown as SiteSettings,
  principalOf: async () => undefined,
  allowAdministrator: false,
}
const check = (values: Record<string, unknown>, previous?: Record<string, unknown>): Promise<void> =>
  checkClient({ ...GOOD, ...values }, rules, previous)
const refusal = (message: string, excType = 'ValidationError'): object => expect.objectContaining({ excType, message }) as object
const methods = (count: number): string => Array.from({ length: count }, (_, index) => `method:erp.m${index}`).join(' ')

describe('What an app may be set to', () => {
  it.each<[field: string, least: number, most: number, sentence: string]>([
    ['rotation_leeway', 0, 60, 'Rotation Leeway must be 0 to 60 seconds'],
    ['access_token_lifetime', 60, 86_400, 'Access Token Lifetime must be 60 to 86400 seconds'],
    ['idle_lifetime', 1, 365, 'Idle Lifetime must be 1 to 365 days'],
    ['absolute_lifetime', 1, 730, 'Absolute Lifetime must be 1 to 730 days'],
    ['requests_per_second', 0, 1_000_000, 'Requests Per Second must be 0 to 1000000'],
    ['concurrent_requests', 0, 10_000, 'Concurrent Requests must be 0 to 10000'],
  ])('%s is %d to %d', async (name, least, most, sentence) => {
    for (const value of [least, most, String(most), null, undefined]) await expect(check({ [name]: value })).resolves.toBeUndefined()
    for (const value of [least - 1, most + 1, 'many', Number.NaN]) await expect(check({ [name]: value })).rejects.toThrow(refusal(sentence))
  })

  it.each<[grant: unknown, response: unknown]>([
    ['Authorization Code', 'Code'],
    ['Implicit', 'Token'],
    ['', ''],
    [' Implicit ', ' Token '],
    [undefined, 'Code'],
    ['Authorization Code', null],
    ['Password', 'Token'],
  ])('the grant type %j goes with the response type %j', async (grant_type, response_type) => {
    await expect(check({ grant_type, response_type })).resolves.toBeUndefined()
  })

  it.each<[grant: unknown, response: unknown, sentence: string]>([
    ['Authorization Code', 'Token', 'Combination of Grant Type (Authorization Code) and Response Type (Token) not allowed'],
    ['', 'Token', 'Combination of Grant Type (Authorization Code) and Response Type (Token) not allowed'],
    ['Implicit', '', 'Combination of Grant Type (Implicit) and Response Type (Code) not allowed'],
    ['Implicit', 'Code', 'Combination of Grant Type (Implicit) and Response Type (Code) not allowed'],
  ])('the grant type %j does not go with the response type %j', async (grant_type, response_type, sentence) => {
    await expect(check({ grant_type, response_type })).rejects.toThrow(refusal(sentence))
  })
})

describe('What an app may ask for', () => {
  it('is at least one scope, and a hundred at most', async () => {
    for (const scopes of ['', ' \n', undefined])
      await expect(check({ scopes })).rejects.toThrow(
        refusal('Scopes: name what the app may ask for, such as openid or Sales.Invoice:read', 'MandatoryError'),
      )
    await expect(check({ scopes: methods(100) })).resolves.toBeUndefined()
    await expect(check({ scopes: methods(101) })).rejects.toThrow(refusal('Scopes: name at most 100'))
  })

  it.each(['required_scopes', 'optional_scopes'])('%s are scopes among them, and no patterns', async (name) => {
    for (const value of ['openid', 'Item:read Item:write', '', null]) await expect(check({ [name]: value })).resolves.toBeUndefined()
    for (const stray of ['all', 'Item:*', 'Item:fly', 'x'.repeat(120)])
      await expect(check({ [name]: `openid ${stray}` })).rejects.toThrow(
        refusal(`${stray.slice(0, 100)} in ${name} is not among the scopes that the app may ask for`),
      )
  })

  it('is nothing that would walk round its row filters, where it has any', async () => {
    const filters = '{"Item": [["title", "=", "X"]]}'
    for (const row_filters of [null, '', '{}', ' { \n } '])
      await expect(check({ scopes: 'openid all method:erp.go', row_filters })).resolves.toBeUndefined()
    await expect(check({ row_filters: filters })).resolves.toBeUndefined()
    for (const wide of ['all', 'method:erp.go'])
      await expect(check({ scopes: `openid Item:* ${wide}`, row_filters: filters })).rejects.toThrow(
        refusal(`An app with row filters may not have the scope ${wide}, which would pass by them; name DocTypes and rights instead`),
      )
  })

  it('is no right on everything, of one that registered itself, unless the policy names it or it has it already', async () => {
    for (const wide of ['all', '*:read']) {
      const scopes = `openid ${wide}`
      await expect(check({ scopes })).resolves.toBeUndefined()
      await expect(check({ scopes, dynamically_registered: 1 }, { scopes })).resolves.toBeUndefined()
      for (const previous of [undefined, { scopes: 'openid' }])
        await expect(check({ scopes, dynamically_registered: 1 }, previous)).rejects.toThrow(
          refusal(`An app that registered itself may have ${wide} only when OAuth Settings name it in Registration Scopes`),
        )
    }
    await expect(check({ dynamically_registered: 1 })).resolves.toBeUndefined()
  })
})
