import type { DocType } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { GUEST, type Principal } from '../../../policy/principal.ts'
import { checkRelaxations } from './legacy-rules.ts'
import { checkKnownScope } from './scope-rules.ts'
import { checkServiceUser } from './service-user-rules.ts'

const fault = (excType: string, message: string): object => expect.objectContaining({ excType, message }) as object

describe('A scope that somebody writes down', () => {
  const known = {
    doctypeOf: (name: string): DocType | undefined => (name === 'Sales Invoice' ? ({ name } as DocType) : undefined),
    scopeSets: new Set(['work']),
  }

  it.each(['openid', 'all', 'Sales.Invoice:read', 'Sales.Invoice:*', '*:read', 'method:erp.go', 'set:work'])('may be %s', (token) => {
    expect(() => checkKnownScope(token, known)).not.toThrow()
  })

  it.each<[token: string, message: string]>([
    ['everything', 'everything is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read'],
    ['Sales.Invoice:fly', 'Sales.Invoice:fly is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read'],
    ['Sales.Invoice:*x', 'Sales.Invoice:*x is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read'],
    [':*', ':* is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read'],
    ['x'.repeat(120), `${'x'.repeat(100)} is no scope; write openid, all, or a DocType and a right such as Sales.Invoice:read`],
    ['*:*', 'The scope *:* stands for nothing; write all, or a right on every DocType such as *:read'],
    ['Ghost:read', 'The scope Ghost:read names the DocType Ghost, which this site has not'],
    ['Ghost:*', 'The scope Ghost:* names the DocType Ghost, which this site has not'],
    ['set:play', 'The scope set:play names a set that OAuth Settings do not have; add it to Scope Sets there'],
  ])('may not be %s', (token, message) => {
    expect(() => checkKnownScope(token, known)).toThrow(fault('ValidationError', message))
  })
})

describe('What loosens a rule', () => {
  const labels = {
    openid_acts_as_all: 'OpenID Acts As All',
    refresh_without_secret: 'Refresh Without Secret',
    token_document: 'Token Document',
    short_verifier: 'Short Verifier',
    hs256_id_token: 'HS256 ID Token',
    unfenced: 'Unfenced',
  }

  it.each(Object.entries(labels))('%s is for apps that a person registered and that keep a secret', (field, label) => {
    for (const on of [1, '1', true]) {
      expect(() => checkRelaxations({ kind: 'web', [field]: on })).not.toThrow()
      expect(() => checkRelaxations({ kind: 'public', [field]: on })).toThrow(
        fault('ValidationError', `${label}: only an app that keeps a secret on its server may be unfenced or have a legacy exception`),
      )
      expect(() => checkRelaxations({ kind: 'web', dynamically_registered: on, [field]: on })).toThrow(
        fault('ValidationError', `${label}: an app that registered itself gets no such exception; register it by hand for that`),
      )
    }
    for (const off of [0, '0', null, undefined, '', false])
      expect(() => checkRelaxations({ kind: 'public', dynamically_registered: 1, [field]: off })).not.toThrow()
  })

  it.each(['skip_authorization', 'trusted'])('%s is for no app that registered itself', (field) => {
    expect(() => checkRelaxations({ kind: 'web', [field]: 1 })).not.toThrow()
    expect(() => checkRelaxations({ kind: 'public', dynamically_registered: 0, [field]: 1 })).not.toThrow()
    expect(() => checkRelaxations({ kind: 'web', dynamically_registered: 1, [field]: 1 })).toThrow(
      fault('ValidationError', 'Skip Authorization: an app that registered itself always asks its users'),
    )
  })
})

describe('Whose rights an app has when it signs in for itself', () => {
  const people: Record<string, string[]> = { clerk: ['Desk User'], manager: ['Desk User', 'System Manager'] }
  const check = (client: Record<string, unknown>, allowAdministrator = false): Promise<void> =>
    checkServiceUser(client, {
      allowAdministrator,
      principalOf: async (user): Promise<Principal | undefined> => people[user] && { ...GUEST, user, roles: new Set(people[user]) },
    })
  const missing = 'Service User: name the user whose rights the app has when it signs in for itself'
  const manager =
    'Service User manager is a System Manager; name a user with fewer roles, or tick Unfenced when the app is to manage the site'
  const administrator =
    'Service User Administrator may do everything; name another, or let the site allow it with ANNEX_ALLOW_ADMINISTRATOR'

  it.each<[client: Record<string, unknown>, excType: string, message: string]>([
    [{ kind: 'service' }, 'MandatoryError', missing],
    [{ kind: 'service', service_user: ' ' }, 'MandatoryError', missing],
    [{ kind: 'service', redirect_uris: 'https://a.example/cb' }, 'MandatoryError', missing],
    [{ kind: 'agent' }, 'MandatoryError', missing],
    [{ kind: 'agent', service_user: 7, redirect_uris: ' ' }, 'MandatoryError', missing],
    [
      { kind: 'web', service_user: 'clerk' },
      'ValidationError',
      'Service User: only an app of the kind service or agent signs in for itself',
    ],
    [
      { kind: 'native', service_user: 'clerk' },
      'ValidationError',
      'Service User: only an app of the kind service or agent signs in for itself',
    ],
    [{ kind: 'service', service_user: 'Guest' }, 'ValidationError', 'Service User Guest is everybody; name a user of its own'],
    [{ kind: 'service', service_user: 'Administrator' }, 'ValidationError', administrator],
    [{ kind: 'service', service_user: 'nobody' }, 'ValidationError', 'Service User nobody is unknown or disabled'],
    [{ kind: 'service', service_user: 'x'.repeat(200) }, 'ValidationError', `Service User ${'x'.repeat(140)} is unknown or disabled`],
    [{ kind: 'service', service_user: 'manager' }, 'ValidationError', manager],
    [{ kind: 'agent', service_user: 'manager', unfenced: 0 }, 'ValidationError', manager],
    [{ kind: 'agent', service_user: 'nobody', unfenced: 1 }, 'ValidationError', 'Service User nobody is unknown or disabled'],
  ])('%j is refused', async (client, excType, message) => {
    await expect(check(client)).rejects.toThrow(fault(excType, message))
  })

  it.each<[client: Record<string, unknown>, administrator?: boolean]>([
    [{ kind: 'web' }],
    [{ kind: 'public', service_user: ' ' }],
    [{ kind: 'agent', redirect_uris: 'https://a.example/cb' }],
    [{ kind: 'agent', default_redirect_uri: 'https://a.example/cb' }],
    [{ kind: 'service', service_user: ' clerk ' }],
    [{ kind: 'agent', service_user: 'clerk' }],
    [{ kind: 'service', service_user: 'manager', unfenced: 1 }],
    [{ kind: 'service', service_user: 'manager', unfenced: '1' }],
    [{ kind: 'service', service_user: 'Administrator' }, true],
  ])('%j is taken', async (client, allowAdministrator) => {
    await expect(check(client, allowAdministrator)).resolves.toBeUndefined()
  })
})
