import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotInstalled } from '../support/clients/install-once.ts'
import { pythonClients } from '../support/clients/python.ts'
import { run, type Environment, type Ran } from '../support/clients/run.ts'
import { SELLER, startTrading, type TradingSite } from '../support/clients/trading.ts'
import { engines } from '../support/databases.ts'

const bin = await pythonClients()
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`frappe-connector, unchanged, on %s${reason}`, (engine) => {
  let trading: TradingSite
  let byKey: Environment
  beforeAll(async () => {
    trading = await startTrading(engine)
    byKey = { FRAPPE_URL: trading.site.url, FRAPPE_API_KEY: trading.key, FRAPPE_API_SECRET: trading.secret }
  })
  afterAll(() => trading.site.close())

  const fcn = (env: Environment, ...args: string[]): Promise<Ran> => run(join(String(bin), 'fcn'), args, env)

  /** What a command prints when all is well. */
  async function told(env: Environment, ...args: string[]): Promise<unknown> {
    const ran = await fcn(env, ...args)
    if (ran.code !== 0) throw new Error(ran.stderr)
    return JSON.parse(ran.stdout)
  }

  it.each(['key', 'password'])('lists, reads, creates, updates, renames and deletes by %s', async (way) => {
    const env = way === 'key' ? byKey : { FRAPPE_URL: trading.site.url, FRAPPE_USERNAME: SELLER.user, FRAPPE_PASSWORD: SELLER.password }
    const name = `Globex ${way}`
    const made = await told(env, 'create', 'Customer', JSON.stringify({ customer_name: name, territory: 'Graz' }))
    expect(made).toMatchObject({ name, territory: 'Graz', owner: SELLER.user })
    expect(await told(env, 'get', 'Customer', name)).toEqual(made)
    expect(await told(env, 'get', 'Customer', '--filters', JSON.stringify({ customer_name: name }))).toMatchObject({ name })
    expect(await told(env, 'list', 'Customer', '--fields', 'name,territory', '--filters', JSON.stringify({ name }))).toEqual([
      { name, territory: 'Graz' },
    ])
    expect(
      await told(env, 'list', 'Customer', '--filters', JSON.stringify([['name', 'like', `%${way}`]]), '--order-by', 'name desc'),
    ).toEqual([expect.objectContaining({ name, customer_type: 'Company' })])
    expect(await told(env, 'update', 'Customer', name, '{"territory": "Linz"}')).toMatchObject({ name, territory: 'Linz' })
    expect(await told(env, 'rename', 'Customer', name, `Initech ${way}`)).toBe(`Initech ${way}`)
    expect(await told(env, 'call', 'frappe.client.get_count', '--params', '{"doctype": "Customer"}')).toBe(1)
    expect(await told(env, 'call', 'frappe.auth.get_logged_user', '--get')).toBe(SELLER.user)
    expect(await told(env, 'delete', 'Customer', `Initech ${way}`, '--yes')).toMatchObject({ deleted: true })
    expect(await told(env, 'list', 'Customer', '--fields', 'name')).toEqual([])
  })

  it('submits, and says what the site refuses', async () => {
    await told(byKey, 'create', 'Customer', '{"customer_name": "Buyer"}')
    await told(byKey, 'create', 'Order', '{"customer": "Buyer"}')
    expect(await told(byKey, 'submit', 'Order', 'ORD-0001', '--yes')).toMatchObject({ name: 'ORD-0001', docstatus: 1 })
    for (const args of [
      ['get', 'Customer', 'nobody'],
      ['create', 'Customer', '{}'],
      ['list', 'Nothing'],
      ['call', 'no.such.method'],
    ]) {
      const ran = await fcn(byKey, ...args)
      expect([args[0], ran.code]).toEqual([args[0], 1])
      expect(ran.stderr).toMatch(/^error: /)
    }
    expect((await fcn({ ...byKey, FRAPPE_API_SECRET: 'wrong' }, 'list', 'Customer')).code).toBe(1)
  })
})
