import { FrappeError } from '@annex/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PEOPLE, startDocuments, type TestDocuments } from '../../packages/site/src/documents/documents.fixture.ts'
import { engines } from '../support/databases.ts'
import { proveRuns, proveSeed, proveTime } from './prove-runs.ts'
import { applied, randomCommand, type Command, type Slip, type Slips } from './slip-model.ts'

const { admin } = PEOPLE
const RUNS = 30
/** Of one try, about: it is the story of a few slips, which are looked at after each. */
const STEPS = 10

const SLIP = {
  name: 'Slip',
  module: 'Custom',
  autoname: 'prompt',
  is_submittable: 1,
  fields: [
    { fieldname: 'title' },
    { fieldname: 'note', allow_on_submit: 1 },
    { fieldname: 'ref', fieldtype: 'Link', options: 'Slip' },
    { fieldname: 'amended_from', fieldtype: 'Link', options: 'Slip' },
    { fieldname: 'lines', fieldtype: 'Table', options: 'Slip Line' },
  ],
}

/** One command, or two that are sent at once. */
type Step = readonly [Command] | readonly [Command, Command]
const randomStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(randomCommand) },
  { weight: 1, arbitrary: fc.tuple(randomCommand, randomCommand) },
)

let runs = 0

/** The slips of one run, in the site and in the account of them. */
class Run {
  readonly #site: TestDocuments
  readonly #prefix = `S${++runs}`
  /** Of every slip that was ever there. */
  readonly #names: string[] = []
  #made = 0
  #slips: Slips = new Map()

  constructor(site: TestDocuments) {
    this.#site = site
  }

  async take(step: Step): Promise<void> {
    const made = step.map(() => this.#newName())
    const at = this.#named()
    const outcomes = await Promise.all(step.map((command, index) => this.#send(command, at, made[index]!)))
    const stored = await this.#stored()
    const orders =
      step.length === 1
        ? [[0]]
        : [
            [0, 1],
            [1, 0],
          ]
    const accounts = orders.map((order) => {
      let slips = this.#slips
      const told: boolean[] = []
      for (const index of order) {
        const next = applied(slips, step[index]!, at, made[index]!)
        told[index] = next !== undefined
        slips = next ?? slips
      }
      return { told, slips: sorted(slips) }
    })
    expect(accounts).toContainEqual({ told: outcomes, slips: stored })
    this.#slips = new Map(stored.map((slip) => [slip.name, slip]))
    for (const { name } of stored) if (!this.#names.includes(name)) this.#names.push(name)
  }

  #newName(): string {
    return `${this.#prefix}.${++this.#made}`
  }

  #named(): (slip: number) => string {
    const names = [...this.#names]
    return (slip) => names[slip % names.length] ?? `${this.#prefix}.none`
  }

  /** Whether it was done; a refusal is a sentence for the caller, and anything else a fault. */
  async #send(command: Command, at: (slip: number) => string, newName: string): Promise<boolean> {
    try {
      await this.#call(command, at, newName)
      return true
    } catch (error) {
      if (error instanceof FrappeError && error.status < 500) return false
      throw error
    }
  }

  async #call(command: Command, at: (slip: number) => string, newName: string): Promise<unknown> {
    const { documents } = this.#site
    if (command.do === 'insert') {
      const { docstatus, ref } = command
      const values = { name: newName, docstatus, ref: ref === null ? null : at(ref), title: 't', note: '', lines: [{ qty: 1 }] }
      return documents.insert(admin, 'Slip', [values])
    }
    const id = { doctype: 'Slip', name: at(command.slip) }
    if (command.do === 'remove') return documents.remove(admin, id)
    if (command.do === 'set') return documents.setDocstatus(admin, id, command.docstatus)
    if (command.do === 'amend')
      return documents.insert(admin, 'Slip', [{ amended_from: id.name, title: 't', note: '', lines: [{ qty: 1 }] }])
    const { do: _, slip: __, ...values } = command
    return documents.update(admin, { ...id, values })
  }

  async #stored(): Promise<Slip[]> {
    const filters = [{ fieldname: 'name', operator: 'like' as const, value: `${this.#prefix}.%` }]
    const fields = ['name', 'docstatus', 'title', 'note', 'ref', 'amended_from']
    const rows = (await this.#site.documents.list(admin, { doctype: 'Slip', fields, filters, limit: null })) as unknown as Slip[]
    for (const { name, docstatus } of rows) {
      const whole = await this.#site.documents.read(admin, { doctype: 'Slip', name })
      expect(whole['lines']).toMatchObject([{ docstatus, qty: 1 }])
    }
    return sorted(new Map(rows.map((row) => [row.name, row])))
  }
}

const sorted = (slips: Slips): Slip[] => [...slips.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))

describe.each(engines)('A document on %s', (engine) => {
  let site: TestDocuments
  beforeAll(async () => {
    site = await startDocuments(engine)
    await site.documents.insert(admin, 'DocType', [{ name: 'Slip Line', istable: 1, fields: [{ fieldname: 'qty', fieldtype: 'Int' }] }])
    await site.documents.insert(admin, 'DocType', [SLIP])
  })
  afterAll(() => site.close())

  it(
    'is drafted, submitted and cancelled in this order alone, whatever is sent, one by one or at once',
    async () => {
      const draft: Command = { do: 'insert', docstatus: 0, ref: null }
      await fc.assert(
        fc.asyncProperty(fc.array(randomStep, { minLength: 5, maxLength: 16 }), async (steps) => {
          const run = new Run(site)
          for (const step of [[draft], [draft], ...steps] as Step[]) await run.take(step)
        }),
        { numRuns: proveRuns(RUNS, STEPS), seed: proveSeed() },
      )
    },
    proveTime(RUNS),
  )
})
