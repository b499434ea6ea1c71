import { OAUTH_PATHS } from '@annex/protocol'
import { expect } from 'vitest'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SETTINGS } from '../../settings.ts'
import { INTROSPECT, boxesOf, connect, post, request, tokensOf, type App, type Reply } from '../app.fixture.ts'
import { doctype, type Provider } from '../provider.fixture.ts'
import { asksPerson, refusedHere, toldToApp } from './answers-to-attacks.fixture.ts'
import type { Answer, AttackRow } from './attack-row.fixture.ts'
import type { Stage } from './stage.fixture.ts'

const BOTH = 'openid Item:read Item:write'
const BACK = 'https://app.example.com/bye'
const END = OAUTH_PATHS.endSession

/** Of two rights the user allows one. */
const unticked = async (stage: Stage): Promise<Reply> =>
  stage.swap(await stage.alice.code(request(stage.app, { scope: BOTH, prompt: 'consent' }), ['Item:write']))

const scopeOf = async (provider: Provider, app: App, token: string): Promise<unknown> =>
  (await post(provider, INTROSPECT, { token, client_id: app.id, client_secret: app.secret })).json['scope']

/** What an administrator does to the set that an app was granted. */
async function saveSet(provider: Provider, scopes: readonly string[]): Promise<void> {
  const scope_sets = JSON.stringify({ field: { title: 'Field', scopes } })
  await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values: { scope_sets } })
  await provider.generation.observe(await provider.generation.read())
}

/** A DocType that goes and comes again under its name, after an app was granted it. */
async function madeAgain(stage: Stage, name: string): Promise<{ own: App; access: string }> {
  const { provider, alice } = stage
  const { documents } = provider
  await documents.insert(ADMINISTRATOR, 'DocType', [doctype(name)])
  const own = await stage.register({ scopes: `openid ${name}:read` })
  const { access } = await connect(provider, alice, own, { scope: `openid ${name}:read` })
  await documents.remove(ADMINISTRATOR, { doctype: 'DocType', name })
  await documents.insert(ADMINISTRATOR, 'DocType', [doctype(name)])
  return { own, access }
}

const asksAlone =
  (...boxes: readonly string[]): Answer =>
  (reply) =>
    expect([reply.status, boxesOf(reply)]).toEqual([200, boxes])

const ending = (about: string, query: (stage: Stage, idToken: string) => Record<string, string>, answer: Answer): AttackRow => ({
  row: 'G06',
  about,
  client: { post_logout_redirect_uris: BACK },
  attack: async (stage) => {
    const { idToken } = await stage.tokens()
    const sent = new URLSearchParams(query(stage, idToken ?? ''))
    return () => stage.alice.get(`${END}?${sent}`)
  },
  answer,
  holds: async ({ alice }) => expect((await alice.get('/app')).status).toBe(200),
})

export const scopeRows: readonly AttackRow[] = [
  {
    row: 'F07',
    about: 'a right that was unticked is the one that the next page asks about',
    client: { scopes: BOTH },
    attack: async (stage) => {
      expect((await unticked(stage)).json['scope']).toBe('openid Item:read')
      return () => stage.authorize({ scope: BOTH })
    },
    answer: asksAlone('Item:write'),
    changes: { pending_request: ['+1'] },
  },
  {
    row: 'F07',
    about: 'a right that was unticked is not given silently',
    client: { scopes: BOTH },
    attack: async (stage) => {
      await unticked(stage)
      return () => stage.authorize({ scope: BOTH, prompt: 'none' })
    },
    answer: toldToApp('consent_required'),
  },
  {
    row: 'F10',
    about: 'what was granted on a DocType is nothing on one that has its name since',
    attack: async (stage) => {
      const { own, access } = await madeAgain(stage, 'Crate')
      return async () => {
        expect(await scopeOf(stage.provider, own, access)).toBe('openid')
        return stage.alice.authorize(request(own, { scope: 'openid Crate:read', prompt: 'none' }))
      }
    },
    answer: toldToApp('consent_required'),
  },
  {
    row: 'F14',
    about: 'a set that grew after consent adds nothing to what was granted',
    attack: async (stage) => {
      const { provider, app } = stage
      await saveSet(provider, ['Item:read'])
      await provider.oauth.clients.update(ADMINISTRATOR, app.id, { scopes: 'openid set:field' })
      const { refresh } = await stage.tokens({ scope: 'openid set:field' })
      await saveSet(provider, ['Item:read', 'Item:write'])
      return () => stage.renew(refresh)
    },
    answer: ({ status, json }) => expect([status, json['scope']]).toEqual([200, 'openid Item:read']),
    changes: { oauth_token: ['+2', 'successor', 'used_at'] },
    trail: ['oauth.token.issued'],
    holds: async ({ provider, app }, [reply]) => expect(await scopeOf(provider, app, tokensOf(reply!).access)).toBe('openid Item:read'),
  },
  ending(
    'a sign-out that leads to an address of somebody else',
    (_stage, idToken) => ({ id_token_hint: idToken, post_logout_redirect_uri: 'https://evil.example/' }),
    refusedHere,
  ),
  ending(
    'a sign-out without an id_token asks the person',
    ({ app }) => ({ client_id: app.id, post_logout_redirect_uri: BACK }),
    asksPerson,
  ),
]
