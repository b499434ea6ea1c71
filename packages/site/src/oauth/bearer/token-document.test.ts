import { ScopeSet, type Document } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, GUEST, type Principal } from '../../policy/principal.ts'
import { tokenKey } from '../token-text.ts'
import { Browser, connect, person, register, type App } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('the document of a token on %s', (engine) => {
  let provider: Provider
  let user: string
  let lenient: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    lenient = await register(provider, { token_document: 1 })
  })
  afterAll(() => provider.close())

  const connected = async (app: App): Promise<string> => (await connect(provider, await new Browser(provider).signIn(user), app)).access
  const by = (access: string, app: App): Principal => {
    const token = { hash: tokenKey(access), grant: 'g', client: app.id, scopes: new ScopeSet(['openid']), unfenced: false, doctypeIds: {} }
    return { ...GUEST, user, token }
  }
  const read = async (who: Principal, name: string, doctype = 'OAuth Bearer Token'): Promise<Document | undefined> =>
    provider.oauth.tokenDocument(who, { doctype, name })

  async function counted(): Promise<number> {
    const uses = await provider.oauth.clients.listUses(ADMINISTRATOR, lenient.id)
    return uses.filter(({ kind }) => kind === 'tokenDocument').reduce((sum, { count }) => sum + count, 0)
  }

  it('is shown to the token itself: whose, for what, until when, and nothing that opens anything', async () => {
    const access = await connected(lenient)
    const shown = await read(by(access, lenient), access)
    expect(shown).toMatchObject({ name: tokenKey(access), client: lenient.id, user, owner: user, scopes: 'openid all', status: 'Active' })
    expect([shown?.doctype, JSON.stringify(shown).includes(access)]).toEqual(['OAuth Bearer Token', false])
    const ends = String(shown?.['expiration_time'])
    expect(ends > String(shown?.creation)).toBe(true)
    provider.advance(3601)
    expect((await read(by(access, lenient), access))?.['status']).toBe('Expired')
    await provider.grants.revoke({ user }, 'user')
    expect((await read(by(access, lenient), access))?.['status']).toBe('Revoked')
  })

  it('is shown to no other token, by no other name, of nothing else, and to nobody without a token', async () => {
    const [access, other] = [await connected(lenient), await connected(lenient)]
    const own = by(access, lenient)
    expect([await read(own, other), await read(own, tokenKey(access)), await read(own, ''), await read(own, access, 'User')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(await read({ ...GUEST, user }, access)).toBeUndefined()
    expect(await read(by('at1_unknown', lenient), 'at1_unknown')).toBeUndefined()
  })

  it('is shown to an app of which a System Manager said so, and that is counted', async () => {
    const strict = await register(provider)
    const [refused, shown] = [await connected(strict), await connected(lenient)]
    expect(await read(by(refused, strict), refused)).toBeUndefined()
    const before = await counted()
    expect(await read(by(shown, lenient), shown)).toBeDefined()
    expect(await counted()).toBe(before + 1)
  })
})
