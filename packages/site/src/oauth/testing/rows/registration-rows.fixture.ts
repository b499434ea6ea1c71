import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { readClient } from '../../clients/clients-store.ts'
import { SETTINGS } from '../../settings.ts'
import { REDIRECT, ask, pkce, request, type Reply } from '../app.fixture.ts'
import { answered, errorOf, toldToApp } from './answers-to-attacks.fixture.ts'
import type { AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const WEB = { redirect_uris: [REDIRECT], client_name: 'A Shop' }
type Metadata = Readonly<Record<string, unknown>>

async function open({ provider: { documents, generation } }: Stage, values: Metadata = {}): Promise<void> {
  const policy = { dynamic_registration: 'Open', registration_scopes: 'openid Item:read', registrations_per_hour: 1000, ...values }
  await documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: policy })
  await generation.observe(await generation.read())
}

const send = ({ provider }: Stage, metadata: Metadata, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(provider, REGISTER, { method: 'POST', body: JSON.stringify(metadata), headers: { 'content-type': 'application/json', ...headers } })
const registers = (metadata: Metadata) => async (stage: Stage) => {
  await open(stage)
  return (): Promise<Reply> => send(stage, metadata)
}

const refused = (row: string, about: string, metadata: Metadata, error: string): AttackRow => ({
  row,
  about,
  attack: registers({ ...WEB, ...metadata }),
  answer: errorOf(error),
})

const URIS: readonly (readonly [row: string, uri: string])[] = [
  ['H01', 'javascript:alert(1)'],
  ['H01', 'data:text/html,x'],
  ['H01', 'file:///etc/passwd'],
  ['H01', 'http://app.example.com/cb'],
  ['H01', 'https://*.example.com/cb'],
  ['H01', 'https://good@evil.example/cb'],
  ['A07', 'https://app.example.com/cb#x'],
]

export const registrationRows: readonly AttackRow[] = [
  ...URIS.map(([row, uri]) => refused(row, `the redirect URI ${uri}`, { redirect_uris: [uri] }, 'invalid_redirect_uri')),
  ...['Administrator', 'Frappe', 'Good \u202eelaS', 'x'.repeat(10_240), 'Field   SALES'].map((client_name) =>
    refused('H03', `the name ${JSON.stringify(client_name).slice(0, 20)}`, { client_name }, 'invalid_client_metadata'),
  ),
  refused(
    'H07',
    'a private scheme of a web app',
    { application_type: 'web', redirect_uris: ['com.example.app:/cb'] },
    'invalid_redirect_uri',
  ),
  refused('H04', 'a logo inside', { logo_uri: 'http://127.0.0.1:1/logo' }, 'invalid_client_metadata'),
  refused('F13', 'all and every *', { scope: 'all *:read' }, 'invalid_client_metadata'),
  {
    row: 'F13',
    about: 'all, asked for afterwards by an app that registered itself',
    client: { scopes: 'openid', dynamically_registered: 1 },
    attack: async (stage) => {
      await open(stage)
      const proof = { code_challenge: pkce().challenge, code_challenge_method: 'S256' }
      return () => stage.alice.authorize(request(stage.app, { scope: 'all', ...proof }))
    },
    answer: toldToApp('invalid_scope'),
    trail: ['oauth.authorize.refused: scope'],
  },
  {
    row: 'H02',
    about: 'rights, an id, a secret and exceptions of its own choice',
    attack: registers({
      ...WEB,
      client_id: 'chosen',
      client_secret: 'chosen',
      skip_authorization: 1,
      trusted: 1,
      allowed_roles: [{ role: 'All' }],
      refresh_without_secret: 1,
      openid_acts_as_all: 1,
    }),
    answer: answered(201),
    changes: { client_secret: ['+1'], 'tabOAuth Client': ['+1'], 'tabOAuth Client Role': ['+1'] },
    trail: ['oauth.client.registered', 'oauth.client.registered_itself'],
    holds: async ({ provider: { database } }, [reply]) => {
      expect(reply?.json['client_secret']).not.toBe('chosen')
      expect(await readClient(database.connection, 'chosen')).toBeUndefined()
      expect(await readClient(database.connection, String(reply?.json['client_id']))).toMatchObject({
        trusted: false,
        allowedRoles: ['Desk User'],
        legacy: { openidActsAsAll: false, refreshWithoutSecret: false },
      })
    },
  },
  {
    row: 'H05',
    about: 'one registration more than its address may make in an hour',
    attack: async (stage) => {
      await open(stage, { registrations_per_hour: 3 })
      const headers = { 'x-forwarded-for': '203.0.113.7' }
      for (let made = 0; made < 3; made += 1) expect((await send(stage, WEB, headers)).status).toBe(201)
      return () => send(stage, WEB, headers)
    },
    answer: ({ status, headers }) => {
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    },
  },
]
