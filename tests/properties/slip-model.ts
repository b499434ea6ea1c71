import fc from 'fast-check'

/** What may be done to one of the slips that there were; `slip` counts from the first, round and round. */
export type Command =
  | { readonly do: 'insert'; readonly docstatus: number; readonly ref: number | null }
  | { readonly do: 'update'; readonly slip: number; readonly docstatus: number | null; readonly title?: string; readonly note?: string }
  | { readonly do: 'set'; readonly slip: number; readonly docstatus: 1 | 2 }
  | { readonly do: 'remove'; readonly slip: number }
  | { readonly do: 'amend'; readonly slip: number }

export interface Slip {
  readonly name: string
  readonly docstatus: number
  readonly title: string
  readonly note: string
  readonly ref: string | null
  readonly amended_from: string | null
}

/** Every slip that is there, by name. */
export type Slips = ReadonlyMap<string, Slip>

/** A plain account of what each command makes of the slips, or undefined when it must be refused. */
export function applied(slips: Slips, command: Command, at: (slip: number) => string, newName: string): Slips | undefined {
  if (command.do === 'insert') return inserted(slips, newName, command.docstatus, command.ref === null ? null : at(command.ref))
  const slip = slips.get(at(command.slip))
  if (!slip) return undefined
  if (command.do === 'remove') return removed(slips, slip)
  if (command.do === 'amend') return amended(slips, slip)
  return updated(slips, slip, command.do === 'set' ? { docstatus: command.docstatus } : command)
}

function inserted(slips: Slips, name: string, docstatus: number, ref: string | null): Slips | undefined {
  const target = ref === null ? undefined : slips.get(ref)
  if (docstatus === 2 || (ref !== null && (!target || target.docstatus === 2))) return undefined
  return new Map([...slips, [name, { name, docstatus, title: 't', note: '', ref, amended_from: null }]])
}

function removed(slips: Slips, slip: Slip): Slips | undefined {
  const isHeld = [...slips.values()].some((other) => other !== slip && (other.ref === slip.name || other.amended_from === slip.name))
  return slip.docstatus === 1 || isHeld ? undefined : new Map([...slips].filter(([name]) => name !== slip.name))
}

/** The name of the amendment follows from the original's. */
function amended(slips: Slips, slip: Slip): Slips | undefined {
  const number = slip.amended_from === null ? null : /^(.*)-(\d+)$/.exec(slip.name)
  const name = number ? `${number[1]}-${Number(number[2]) + 1}` : `${slip.name}-1`
  if (slip.docstatus !== 2 || slips.has(name)) return undefined
  return new Map([...slips, [name, { name, docstatus: 0, title: 't', note: '', ref: null, amended_from: slip.name }]])
}

type Change = Partial<Pick<Slip, 'title' | 'note'>> & { readonly docstatus: number | null }

function updated(slips: Slips, slip: Slip, { docstatus, title = slip.title, note = slip.note }: Change): Slips | undefined {
  const to = docstatus ?? slip.docstatus
  const steps = ['0 0', '0 1', '1 1', '1 2']
  if (!steps.includes(`${slip.docstatus} ${to}`)) return undefined
  if (to === 2) {
    const isHeld = [...slips.values()].some((other) => other !== slip && other.ref === slip.name && other.docstatus === 1)
    return isHeld ? undefined : new Map(slips).set(slip.name, { ...slip, docstatus: 2 })
  }
  if (slip.docstatus === 1 && title !== slip.title) return undefined
  const target = slip.ref === null ? undefined : slips.get(slip.ref)
  if (slip.docstatus === 0 && to === 1 && target?.docstatus === 2) return undefined
  return new Map(slips).set(slip.name, { ...slip, docstatus: to, title, note })
}

const slip = fc.nat({ max: 4 })
const docstatus = fc.constantFrom(0, 1, 2)

export const randomCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), docstatus: fc.constantFrom(0, 0, 1, 2), ref: fc.option(slip) }),
  fc.record(
    {
      do: fc.constant('update' as const),
      slip,
      docstatus: fc.option(docstatus),
      title: fc.constantFrom('t', 'u'),
      note: fc.constantFrom('m', 'n'),
    },
    { requiredKeys: ['do', 'slip', 'docstatus'] },
  ),
  fc.record({ do: fc.constant('set' as const), slip, docstatus: fc.constantFrom(1 as const, 2 as const) }),
  fc.record({ do: fc.constant('set' as const), slip, docstatus: fc.constantFrom(1 as const, 2 as const) }),
  fc.record({ do: fc.constant('remove' as const), slip }),
  fc.record({ do: fc.constant('amend' as const), slip }),
)
