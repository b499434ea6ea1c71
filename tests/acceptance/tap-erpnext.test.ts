import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotInstalled } from '../support/clients/install-once.ts'
import { pythonClients } from '../support/clients/python.ts'
import { run } from '../support/clients/run.ts'
import { startTrading, type TradingSite } from '../support/clients/trading.ts'
import { engines } from '../support/databases.ts'

type Values = Readonly<Record<string, unknown>>

/** A line of Singer. */
interface Message {
  readonly type: string
  readonly stream?: string
  readonly record?: Values
  readonly value?: unknown
}

interface Stream {
  readonly tap_stream_id: string
  readonly schema: { readonly properties: Values }
}

const bin = await pythonClients()
const missing = bin instanceof NotInstalled
const reason = missing ? `: ${bin.message}` : ''

describe.skipIf(missing).each(engines)(`tap-erpnext, unchanged, on %s${reason}`, (engine) => {
  let trading: TradingSite
  let folder: string
  beforeAll(async () => {
    trading = await startTrading(engine)
    folder = await mkdtemp(join(tmpdir(), 'annex-tap-'))
    const { site, key, secret } = trading
    const settings = { api_url: site.url, api_key: key, api_secret: secret, start_date: '2025-01-01T00:00:00Z', limit_page_length: 3 }
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...settings, doctypes: ['Customer', 'Order', 'Order Item'] }))
  })
  afterAll(async () => {
    await trading.site.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function tap(...args: string[]): Promise<string> {
    const ran = await run(join(String(bin), 'tap-erpnext'), ['--config', join(folder, 'config.json'), ...args], { HOME: folder }, folder)
    if (ran.code !== 0) throw new Error(ran.stderr)
    return ran.stdout
  }

  const messagesOf = (output: string): Message[] =>
    output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Message)
  const namesIn = (messages: readonly Message[], stream: string): string[] =>
    messages.filter((message) => message.type === 'RECORD' && message.stream === stream).map(({ record }) => String(record?.['name']))

  const insert = (name: string): Promise<Values> => trading.admin.insert('Customer', { customer_name: name, credit_limit: 1 })
  const secondOf = (doc: Values): string => String(doc['modified']).slice(0, 19)

  /** The tap asks from a whole second on: what is to count as later is changed until its second is a later one. */
  async function changeLater(name: string, than: string): Promise<Values> {
    for (let credit = 2; ; credit += 1) {
      const changed = await trading.admin.update('Customer', name, { credit_limit: credit })
      if (secondOf(changed) > than) return changed
    }
  }

  it('finds the DocTypes and their fields, takes all, and then exactly what has changed', async () => {
    const names = ['Anna', 'Bert', 'Cleo', 'Dora', 'Emil', 'Fritz', 'Gerd']
    const made: Values[] = []
    for (const name of names) made.push(await insert(name))
    await trading.admin.insert('Order', { customer: 'Anna', items: [{ item: 'Pear' }, { item: 'Plum' }] })
    await changeLater('Gerd', secondOf(made.at(-1)!))

    const { streams } = JSON.parse(await tap('--discover')) as { streams: Stream[] }
    expect(streams.map((stream) => stream.tap_stream_id).toSorted()).toEqual(['Customer', 'Order', 'Order Item'])
    const properties = streams.find((stream) => stream.tap_stream_id === 'Customer')?.schema.properties
    expect(Object.keys(properties ?? {})).toEqual(expect.arrayContaining(['name', 'modified', 'credit_limit', 'territory']))

    const full = messagesOf(await tap())
    expect(namesIn(full, 'Customer').toSorted()).toEqual(names)
    expect(full.find(({ record }) => record?.['name'] === 'Anna')?.record).toMatchObject({ credit_limit: 1, customer_type: 'Company' })
    expect(namesIn(full, 'Order')).toEqual(['ORD-0001'])
    expect(full.filter(({ type, stream }) => type === 'RECORD' && stream === 'Order Item').map(({ record }) => record?.['item'])).toEqual([
      'Pear',
      'Plum',
    ])

    const state = full.findLast(({ type }) => type === 'STATE')?.value
    await writeFile(join(folder, 'state.json'), JSON.stringify(state))
    await changeLater('Gerd', secondOf(made.at(-1)!))
    await trading.admin.update('Customer', 'Bert', { territory: 'Berlin' })
    await insert('Hugo')
    const next = messagesOf(await tap('--state', join(folder, 'state.json')))
    expect(namesIn(next, 'Customer').toSorted()).toEqual(['Bert', 'Gerd', 'Hugo'])
    expect(next.find(({ record }) => record?.['name'] === 'Bert')?.record).toMatchObject({ territory: 'Berlin' })
  })
})
