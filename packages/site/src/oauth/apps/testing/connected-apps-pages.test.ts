import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../../policy/principal.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'
import { Browser, connect, person, register, type Reply } from '../../testing/app.fixture.ts'
import { csrfOf, fieldsOf } from '../../testing/forms.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

const USED = 1_700_000_000_000_000
const HOUR = 3_600_000_000
const SHOWN = '2023-11-14 22:13'

describe.each(engines)('what the pages of apps show, on %s', (engine) => {
  let provider: Provider
  let sam: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    sam = await new Browser(provider).signIn(await person(provider, { roles: [{ role: 'System Manager' }] }))
  })
  afterAll(() => provider.close())

  const run = (statement: ReturnType<typeof sql>): Promise<unknown> => statement.execute(provider.database.connection)
  /** The names and values of a part of a page. */
  const factsIn = (text: string): [string, string][] =>
    [...text.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^]*?)<\/dd>/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/<[^>]*>/g, '').trim(),
    ])

  it('the list has each app with its state, and when it was last used or that it never was', async () => {
    const [used, idle] = [await register(provider, { app_name: 'Busy' }), await register(provider, { app_name: 'Idle' })]
    await connect(provider, await new Browser(provider).signIn(await person(provider)), used)
    await run(sql`update oauth_grant set last_used = ${USED} where client = ${used.id}`)
    await provider.oauth.clients.setState(ADMINISTRATOR, idle.id, 'Suspended')
    const { text } = await sam.get('/connected-apps')
    const cardOf = (id: string): string => text.split('<section').find((card) => card.includes(`href="/connected-apps/${id}"`)) ?? ''
    expect(factsIn(cardOf(used.id)).at(-1)).toEqual(['Last used', SHOWN])
    expect(factsIn(cardOf(idle.id)).at(-1)).toEqual(['Last used', 'not yet'])
    expect([cardOf(used.id), cardOf(idle.id)].map((card) => /class="tag">([^<]*)</.exec(card)?.[1])).toEqual([undefined, 'suspended'])
  })

  it('an app leads to what it did and is told, and each of its secrets says when it was made, last used and ends', async () => {
    const app = await register(provider)
    const path = `/connected-apps/${app.id}`
    await run(sql`update client_secret set created = ${USED} where client = ${app.id}`)
    const secrets = async (): Promise<[string, string][]> =>
      factsIn((await sam.get(path)).text).filter(([name]) => ['Made', 'Ends', 'Last used'].includes(name))
    expect(await secrets()).toEqual([
      ['Made', SHOWN],
      ['Last used', 'not yet'],
    ])
    await run(sql`update client_secret set last_used = ${USED + HOUR} where client = ${app.id}`)
    await provider.oauth.clients.rotateSecret(ADMINISTRATOR, app.id)
    const time = expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d$/) as string
    expect(await secrets()).toEqual([
      ['Made', time],
      ['Last used', 'not yet'],
      ['Made', SHOWN],
      ['Ends', time],
      ['Last used', '2023-11-14 23:13'],
    ])
    const { text } = await sam.get(path)
    for (const page of ['use', 'told']) expect(text).toContain(`href="${path}/${page}"`)
    for (const act of ['rotate-secret', 'end-secret', 'state', 'retire']) expect(text).toContain(`action="${path}/${act}"`)
  })

  it('a new secret is shown with the name of its app and until when the one before is good, which is ended by its button', async () => {
    const app = await register(provider, { app_name: 'Night batch' })
    const path = `/connected-apps/${app.id}`
    const csrf_token = csrfOf(await sam.get(path))
    const made = await sam.post(`${path}/rotate-secret`, { csrf_token })
    expect(made.text).toContain('<h2><bdi>Night batch</bdi></h2>')
    expect(made.text).toMatch(/The secret before it works until 20\d\d-\d\d-\d\d \d\d:\d\d\./)
    const [newest, older] = await provider.oauth.clients.listSecrets(ADMINISTRATOR, app.id)
    expect((await sam.get(path)).text).toContain(`name="secret" value="${older?.id}"`)
    const ended = await sam.post(`${path}/end-secret`, { csrf_token, secret: older?.id ?? '' })
    expect([ended.status, ended.location?.pathname]).toEqual([303, path])
    expect((await provider.oauth.clients.listSecrets(ADMINISTRATOR, app.id)).map(({ id }) => id)).toEqual([newest?.id])
  })

  it('My apps say since when each is allowed, and when it was last used, by a call or for a token, or that it never was', async () => {
    const user = await person(provider)
    const ann = await new Browser(provider).signIn(user)
    const idOf = async (): Promise<string> => {
      const app = await register(provider)
      await connect(provider, ann, app)
      return app.id
    }
    const [idle, renewed, called] = [await idOf(), await idOf(), await idOf()]
    const [{ id: grant } = { id: '' }] = await provider.grants.list(user, called)
    provider.oauth.usage.call({ client: called, grant, hash: 'a token' }, '127.0.0.1', provider.now())
    await provider.oauth.usage.flush()
    await run(sql`update oauth_use_span set last_used = ${USED + 2 * HOUR} where subject = ${grant}`)
    await run(sql`update oauth_grant set created = ${USED}, last_used = ${USED} where "user" = ${user}`)
    await run(sql`update oauth_grant set last_used = ${USED + HOUR} where client = ${renewed}`)
    const { text } = await ann.get('/my-apps')
    expect(text).toContain(`Person ${user.slice('person'.length, user.indexOf('@'))}`)
    const factsOf = (id: string): [string, string][] =>
      factsIn(text.split('<section').find((card) => card.includes(`href="/my-apps/${id}"`)) ?? '')
    expect([idle, renewed, called].map(factsOf)).toEqual(
      ['not yet', '2023-11-14 23:13', '2023-11-15 00:13'].map((last) => [
        ['Since', SHOWN],
        ['Last used', last],
      ]),
    )
  })

  it('a form that is refused shows the further settings as they were typed, or as they are where it was sent without them', async () => {
    const app = await register(provider, { contact: 'ops@example.com' })
    const path = `/connected-apps/${app.id}`
    const typed = { scopes: 'no such scope', contact: 'new@example.com' }
    const { all_settings = '', ...sent }: Record<string, string> = { ...fieldsOf(await sam.get(path), path), ...typed }
    const contactAfter = async (fields: Record<string, string>): Promise<unknown[]> => {
      const refused: Reply = await sam.post(path, fields)
      const { scopes, contact } = fieldsOf(refused, path)
      return [refused.status, scopes, contact]
    }
    expect(all_settings).toBe('1')
    expect(await contactAfter({ ...sent, all_settings })).toEqual([417, 'no such scope', 'new@example.com'])
    expect(await contactAfter(sent)).toEqual([417, 'no such scope', 'ops@example.com'])
    expect(await provider.oauth.clients.read(ADMINISTRATOR, app.id)).toMatchObject({ contact: 'ops@example.com' })
  })

  it('what an app did is summed up over the newest hundred connections of a person', async () => {
    const [user, app] = [await person(provider), await register(provider)]
    await connect(provider, await new Browser(provider).signIn(user), app)
    const { id, ...grant } = (await provider.grants.list(user, app.id))[0]!
    const insert = (numbers: readonly number[]): Promise<unknown> =>
      provider.database.connection
        .withTables<OAuthTables>()
        .insertInto('oauth_grant')
        .values(numbers.map((number) => ({ ...grant, id: `${user} ${number}`, created: grant.created + number })))
        .execute()
    await insert(Array.from({ length: 99 }, (_, index) => index + 1))
    provider.oauth.usage.used({ client: app.id, grant: id, hash: 'a token' }, 'Item', 'write')
    provider.oauth.usage.used({ client: app.id, grant: `${user} 99`, hash: 'another' }, 'Item', 'read')
    const ann: Principal = { ...ADMINISTRATOR, user, roles: new Set(['Desk User']) }
    const rights = async (): Promise<string[][]> => {
      const reports = [await provider.oauth.apps.reportOwn(ann, app.id), await provider.oauth.apps.reportFor(ADMINISTRATOR, user)]
      return reports.map((report) => report.rights.map(({ right }) => right).toSorted())
    }
    expect(await rights()).toEqual([
      ['read', 'write'],
      ['read', 'write'],
    ])
    await insert([100])
    expect(await rights()).toEqual([['read'], ['read']])
    const [{ grants } = { grants: [] }] = await provider.oauth.apps.listOwn(ann, app.id)
    expect([grants.length, grants[0]?.grant.id]).toEqual([100, `${user} 100`])
  })
})
