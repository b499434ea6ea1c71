import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, type Values } from '../../support/callers/api.ts'
import { connect, registerApp } from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { ALICE, doctype, MIA, World } from '../attacks/world.fixture.ts'

const ALL = { role: 'All', select: 1 }
const MAILBOX = doctype(
  'Mailbox',
  [
    { fieldname: 'pwd', fieldtype: 'Password', label: 'Password' },
    { fieldname: 'high', fieldtype: 'Password', label: 'High', permlevel: 1 },
    { fieldname: 'item', fieldtype: 'Link', options: 'Item', label: 'Item' },
  ],
  { permissions: [ALL], track_changes: 1 },
)
const CLOSED = doctype('Closed Box', [{ fieldname: 'pwd', fieldtype: 'Password', label: 'Password' }], {
  permissions: [{ role: 'Administrator' }],
})
const METHOD = 'frappe.client.get_password'
const WANTED = { doctype: 'Mailbox', name: 'Office', fieldname: 'pwd' }

/** What a site keeps for others: secrets that are written and rarely read, and what users set once for all their documents. */
describe.each(engines)('On %s', (engine) => {
  let world: World
  let mia: Api
  beforeAll(async () => {
    world = await World.open(engine)
    for (const values of [MAILBOX, CLOSED]) await world.admin.insert('DocType', values)
    mia = await world.session(MIA)
    await world.admin.insert('Mailbox', { title: 'Office', pwd: 'p@ss of the office' })
    await world.admin.insert('Mailbox', { title: 'Empty' })
    await world.admin.insert('Closed Box', { title: 'Safe', pwd: 'p@ss of the safe' })
  })
  afterAll(() => world.close())

  describe('a password', () => {
    const ask = async (who: Api, values: Values): Promise<unknown> => {
      const { status, body } = await who.get(METHOD, values)
      return status === 200 ? body['message'] : [status, body['exc_type']]
    }

    it('is given in the clear to a System Manager who may read the document, and the trail says so', async () => {
      const { reply, events } = await world.watch(() => mia.get(METHOD, WANTED))
      expect([reply.status, reply.body['message'], reply.headers.get('cache-control')]).toEqual([
        200,
        'p@ss of the office',
        expect.stringContaining('no-store'),
      ])
      expect(events).toMatchObject([{ event: 'password read', user: MIA, detail: expect.stringContaining('Office') as string }])
      expect(JSON.stringify(events)).not.toContain('p@ss')
    })

    it('is given to nobody else, and nothing else is', async () => {
      const alice = await world.session(ALICE)
      expect(await ask(alice, WANTED)).toEqual([403, 'PermissionError'])
      expect(await ask(new Api(world.site.url), WANTED)).toEqual([403, 'PermissionError'])
      expect(await ask(mia, { ...WANTED, doctype: 'Closed Box', name: 'Safe' })).toEqual([403, 'PermissionError'])
      expect(await ask(mia, { ...WANTED, fieldname: 'high' })).toEqual([403, 'PermissionError'])
      expect(await ask(mia, { ...WANTED, fieldname: 'title' })).toEqual([417, 'ValidationError'])
      expect(await ask(mia, { ...WANTED, name: 'Nowhere' })).toEqual([404, 'DoesNotExistError'])
      expect(await ask(mia, { doctype: 'Mailbox' })).toEqual([417, 'ValidationError'])
      expect((await mia.post(METHOD, { ...WANTED, name: ['Office'] })).status).toBe(417)
    })

    it('that was never set is as Frappe says it', async () => {
      expect(await ask(mia, { ...WANTED, name: 'Empty' })).toEqual([401, 'AuthenticationError'])
      expect(await ask(mia, { doctype: 'User', name: ALICE, fieldname: 'new_password' })).toEqual([401, 'AuthenticationError'])
    })

    it('is given to an app by a scope of its own alone', async () => {
      const scopes = ['openid all', 'openid Mailbox:read', `openid method:${METHOD}`, `openid Mailbox:read method:${METHOD}`]
      const app = await registerApp(world.admin, { scopes: `openid all Mailbox:read method:${METHOD}` })
      const visitor = await world.visitor(MIA)
      const answers: unknown[] = []
      for (const scope of scopes) answers.push(await ask(Api.byToken(world.site.url, (await connect(visitor, app, scope)).access), WANTED))
      expect(answers).toEqual([[403, 'PermissionError'], [403, 'PermissionError'], [403, 'PermissionError'], 'p@ss of the office'])
    })

    it('comes back as asterisks in every answer, and those may be written back', async () => {
      const { headers: _, ...written } = await mia.send('PUT', '/api/resource/Mailbox/Office', { pwd: 'p@ss two' })
      const shown = await mia.read('Mailbox', 'Office')
      expect(shown).toMatchObject({ pwd: '********' })
      const answers = [
        written,
        shown,
        await mia.send('PUT', '/api/resource/Mailbox/Office', shown),
        await mia.send('PUT', '/api/v2/document/Mailbox/Office', { ...shown, modified: undefined }),
        await mia.post('frappe.client.set_value', { doctype: 'Mailbox', name: 'Office', fieldname: { pwd: '********', title: 'Office' } }),
        await mia.get('frappe.client.get_list', { doctype: 'Mailbox', fields: ['*'] }),
        await mia.get('frappe.client.get_value', { doctype: 'Mailbox', filters: 'Office', fieldname: 'pwd' }),
        await mia.get('frappe.desk.form.load.getdoc', { doctype: 'Mailbox', name: 'Office' }),
        await mia.get('frappe.desk.reportview.get', { doctype: 'Mailbox', fields: ['`tabMailbox`.`pwd`'] }),
        await mia.get('frappe.client.get_list', { doctype: 'Version', fields: ['*'] }),
      ]
      expect(JSON.stringify(answers)).not.toContain('p@ss')
      expect(await ask(mia, WANTED)).toBe('p@ss two')
    })
  })

  it('a default that a user sets fills the links of their new documents until they take it back', async () => {
    const alice = await world.session(ALICE)
    const set = (who: Api, value: string, more: Values = {}) => who.post('frappe.client.set_default', { key: 'item', value, ...more })
    const made = async (who: Api, title: string): Promise<unknown> => {
      await who.insert('Mailbox', { title })
      return (await who.read('Mailbox', title))['item'] ?? null
    }
    expect(await made(alice, 'A1')).toBeNull()
    await set(alice, 'Bolt')
    expect([await made(alice, 'A2'), await made(mia, 'M2')]).toEqual(['Bolt', null])
    await set(alice, 'Nothing of that name')
    expect(await made(alice, 'A3')).toBeNull()
    await set(mia, 'Bolt', { parent: ALICE })
    expect(await made(alice, 'A4')).toBe('Bolt')
    await set(alice, '')
    expect(await made(alice, 'A5')).toBeNull()
    await set(world.admin, 'Bolt')
    expect(await made(world.admin, 'A6')).toBe('Bolt')
  })

  it('a default that an app may not set is refused by the scope that it lacks, and the trail says so', async () => {
    const NAME = 'frappe.client.set_default'
    const app = await registerApp(world.admin, { scopes: `openid *:write Item:read method:${NAME}` })
    const by = async (scope: string): Promise<Api> =>
      Api.byToken(world.site.url, (await connect(await world.visitor(MIA), app, scope)).access)
    const refusal = { event: 'scope refused', user: MIA, client: app.id, detail: JSON.stringify({ act: NAME, scope: `method:${NAME}` }) }
    for (const [scope, more] of [
      ['openid Item:read', {}],
      ['openid *:write', { parent: ALICE }],
    ] as const) {
      const who = await by(scope)
      const { reply, changed, events } = await world.watch(() => who.post(NAME, { key: 'item', value: 'Bolt', ...more }))
      expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([
        403,
        `Bearer error="insufficient_scope", error_description="This token does not cover it", scope="method:${NAME}", resource_metadata="${world.site.url}/.well-known/oauth-protected-resource"`,
      ])
      expect([changed, events]).toEqual([[], [expect.objectContaining(refusal)]])
    }
    expect((await (await by('openid *:write')).post(NAME, { key: 'other', value: 'x' })).status).toBe(200)
    expect((await (await by(`openid method:${NAME}`)).post(NAME, { key: 'other', value: 'y', parent: ALICE })).status).toBe(200)
  })

  it('what a user may not do is on the trail, once, though the change itself was undone', async () => {
    const alice = await world.session(ALICE)
    const refusal = (act: string) => [
      expect.objectContaining({ event: 'permission refused', user: ALICE, detail: JSON.stringify({ act }) }),
    ]
    const box = { doctype: 'Closed Box', name: 'Safe' }
    for (const [act, ask] of [
      ['read Closed Box', () => alice.send('GET', '/api/resource/Closed%20Box/Safe')],
      ['read Closed Box', () => alice.get('frappe.client.get', box)],
      ['update Closed Box', () => alice.send('PUT', '/api/resource/Closed%20Box/Safe', { pwd: 'x' })],
      [METHOD, () => alice.get(METHOD, WANTED)],
      ['an unknown method', () => alice.get('at1_no.such', {})],
    ] as const) {
      const { reply, changed, events } = await world.watch(ask)
      if (act === 'an unknown method') expect([reply.status, events]).toEqual([404, []])
      else expect([reply.status, changed, events]).toEqual([403, [], refusal(act)])
    }
    const guest = await world.watch(() => new Api(world.site.url).send('GET', '/api/resource/Closed%20Box/Safe'))
    expect([guest.reply.status, guest.events]).toEqual([403, []])
  })
})
