import type { Canary } from './canary.ts'

export const PEOPLE = {
  /** System Manager, and reads fields of level 1. */
  lead: 'lead@example.com',
  clerk: 'clerk@example.com',
} as const
export type Person = keyof typeof PEOPLE

/** What a token is narrowed to, and which DocTypes of the site that opens. */
export interface Narrow {
  readonly scope: string
  readonly reads: readonly string[]
  readonly selects?: readonly string[]
  /** Row filters of its app. */
  readonly filters?: Readonly<Record<string, unknown>>
}

const COMPANY_A = { Deal: { company: 'A' }, Buyer: [['company', '=', 'A']] }
const ABOUT = ['Comment', 'Version', 'File', 'ToDo', 'DocShare']
const reading = (names: readonly string[]): string => names.map((name) => `${name}:read`).join(' ')

/** `all` and `*` stop before the fence, which Version and DocShare lie behind. */
const EVERYWHERE = ['Deal', 'Buyer', 'Visit', 'Comment', 'File', 'ToDo']

export const NARROW: readonly Narrow[] = [
  { scope: 'openid', reads: [] },
  { scope: 'openid profile email roles', reads: [] },
  { scope: 'Deal:read', reads: ['Deal'] },
  { scope: 'Deal:read', reads: ['Deal'], filters: COMPANY_A },
  { scope: 'Deal:select', reads: [], selects: ['Deal'] },
  { scope: 'Deal:select Buyer:select', reads: [], selects: ['Deal', 'Buyer'], filters: COMPANY_A },
  { scope: 'Deal:create Visit:create', reads: [] },
  { scope: 'Deal:create Visit:write', reads: ['Visit'], filters: COMPANY_A },
  { scope: 'Deal:write Deal:delete', reads: ['Deal'], filters: COMPANY_A },
  { scope: 'Buyer:read Visit:read', reads: ['Buyer', 'Visit'] },
  { scope: reading(ABOUT), reads: ABOUT },
  { scope: reading(ABOUT), reads: ABOUT, filters: COMPANY_A },
  { scope: reading(['Deal', ...ABOUT]), reads: ['Deal', ...ABOUT] },
  { scope: `${reading(['Deal', ...ABOUT])} Deal:write Comment:write File:write ToDo:write`, reads: ['Deal', ...ABOUT], filters: COMPANY_A },
  { scope: '*:read', reads: EVERYWHERE },
  { scope: '*:read *:write', reads: EVERYWHERE, filters: COMPANY_A },
  { scope: 'all', reads: EVERYWHERE },
]

/** Whether a token of such a scope, of this person, may be shown what lies there. */
export function maySee({ reads, selects = [], filters }: Narrow, person: Person, canary: Canary): boolean {
  const isOpen = (doctype: string): boolean => reads.includes(doctype) || (canary.inLinks === true && selects.includes(doctype))
  if (!canary.doctypes.some(isOpen)) return false
  if (filters && canary.company === 'B') return false
  return (canary.permlevel ?? 0) === 0 || person === 'lead'
}
