import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NotInstalled } from '../support/clients/install-once.ts'
import { LineProgram } from '../support/clients/line-program.ts'
import { pythonClients } from '../support/clients/python.ts'
import { SELLER, startTrading, type TradingSite } from '../support/clients/trading.ts'
import { engines } from '../support/databases.ts'

const SPEAK = fileURLToPath(new URL('python/speak.py', import.meta.url))

interface Answer {
  readonly result?: unknown
  readonly error?: string
  readonly text?: string
}

type Doc = Readonly<Record<string, unknown>>

const bin = await pythonClients()
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`frappe-client of PyPI, unchanged, on %s${reason}`, (engine) => {
  let trading: TradingSite
  const programs: LineProgram[] = []
  beforeAll(async () => {
    trading = await startTrading(engine)
  })
  afterEach(async () => {
    for (const program of programs.splice(0)) await program.close()
  })
  afterAll(() => trading.site.close())

  /** A client made with these arguments, as its first answer tells. */
  async function made(
    args: Doc,
  ): Promise<{ readonly first: Answer; readonly call: (method: string, ...args: readonly unknown[]) => Promise<Answer> }> {
    const program = new LineProgram(join(String(bin), 'python'), [SPEAK], {})
    programs.push(program)
    program.send({ url: trading.site.url, ...args })
    const first = (await program.next()) as Answer
    return {
      first,
      call: async (method, ...rest) => {
        program.send([method, rest])
        return (await program.next()) as Answer
      },
    }
  }

  const byKey = () => made({ api_key: trading.key, api_secret: trading.secret })
  const byPassword = () => made({ username: SELLER.user, password: SELLER.password })

  it.each([
    ['an API key', byKey],
    ['a password', byPassword],
  ])('inserts, reads, lists, changes, renames and deletes documents by %s', async (way, connect) => {
    const { call } = await connect()
    const name = `Apple ${way}`
    const { result } = await call('insert', { doctype: 'Customer', customer_name: name, territory: 'Berlin', credit_limit: 12.5 })
    const doc = result as Doc
    expect(doc).toMatchObject({ doctype: 'Customer', name, owner: SELLER.user, credit_limit: 12.5 })

    expect((await call('get_doc', 'Customer', name)).result).toEqual(doc)
    expect((await call('get_value', 'Customer', 'territory', { customer_name: name })).result).toEqual({ territory: 'Berlin' })
    expect((await call('get_value', 'Customer', 'territory', name)).result).toEqual({ territory: 'Berlin' })

    await call('insert', { doctype: 'Customer', customer_name: `Banana ${way}` })
    const listed = (await call('get_list', 'Customer', ['name', 'territory'], { name: ['like', `%${way}`] }, 0, 10, 'name asc')).result
    expect(listed).toEqual([
      { name, territory: 'Berlin' },
      { name: `Banana ${way}`, territory: null },
    ])
    const whole = (await call('get_list', 'Customer', '"*"', { name })).result as Doc[]
    expect(whole[0]).toMatchObject({ name, customer_group: null, credit_limit: 12.5 })

    const changed = (await call('update', { ...doc, territory: 'Bremen' })).result as Doc
    expect(changed).toMatchObject({ name, territory: 'Bremen', credit_limit: 12.5 })
    expect((await call('update', { ...doc, territory: 'Bonn' })).error).toBe('FrappeException')
    expect((await call('set_value', 'Customer', name, 'territory', 'Bonn')).result).toMatchObject({ territory: 'Bonn' })
    const bulk = [{ doctype: 'Customer', docname: name, customer_group: 'Fruit' }]
    expect((await call('bulk_update', bulk)).result).toEqual({ failed_docs: [] })
    expect((await call('get_doc', 'Customer', name)).result).toMatchObject({ territory: 'Bonn', customer_group: 'Fruit' })

    expect((await call('rename_doc', 'Customer', name, `Cherry ${way}`)).result).toBe(`Cherry ${way}`)
    expect(await call('delete', 'Customer', `Cherry ${way}`)).toEqual({ result: null })
    expect((await call('get_list', 'Customer', ['name'], { name: `Cherry ${way}` })).result).toEqual([])
    expect((await call('get_api', 'frappe.auth.get_logged_user')).result).toBe(SELLER.user)
    expect((await call('post_api', 'frappe.client.get_count', { doctype: 'Customer', filters: '{"name": "x"}' })).result).toBe(0)
  })

  it('submits and cancels', async () => {
    const { call } = await byKey()
    await call('insert', { doctype: 'Customer', customer_name: 'Buyer' })
    const order = (await call('insert', { doctype: 'Order', customer: 'Buyer', items: [{ item: 'Pear', qty: 2 }] })).result as Doc
    expect(order).toMatchObject({ name: 'ORD-0001', docstatus: 0 })
    expect((await call('submit', order)).result).toMatchObject({ name: 'ORD-0001', docstatus: 1, customer: 'Buyer' })
    expect((await call('cancel', 'Order', 'ORD-0001')).result).toMatchObject({ docstatus: 2 })
    expect((await call('cancel', 'Order', 'ORD-0001')).error).toBe('FrappeException')
  })

  it('notices what the site refuses', async () => {
    expect((await made({ username: SELLER.user, password: 'wrong' })).first.error).toBe('AuthError')
    const { call } = await byKey()
    for (const [method, ...args] of [
      ['get_doc', 'Customer', 'nobody'],
      ['insert', { doctype: 'Customer', territory: 'nameless' }],
      ['insert', { doctype: 'Nothing', a: 1 }],
      ['delete', 'Customer', 'nobody'],
      ['get_list', 'Customer', ['no_such_field']],
    ] as const)
      expect([method, (await call(method, ...args)).error]).toEqual([method, 'FrappeException'])
    expect((await call('get_value', 'Customer', 'name', { name: 'nobody' })).result).toEqual({})
  })
})
