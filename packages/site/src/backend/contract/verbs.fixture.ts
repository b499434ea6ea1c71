import { parseFilters, type Document, type Filter, type Values } from '@annex/protocol'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Principal } from '../../policy/principal.ts'
import type { Backend, ListRequest, Row } from '../backend.ts'
import type { Person } from './world.fixture.ts'

/** A Backend whose documents are those of `fillWorld`, and how to act on it as each person. */
export interface World {
  /** A remote Backend acts as its own user: it may be another object for each person. */
  as(person: Person): { readonly backend: Backend; readonly principal: Principal }
  close(): Promise<void>
}

type Refused = { readonly status: number; readonly excType?: string }

export const names = (rows: readonly Row[]): unknown[] => rows.map((row) => row['name'])
export const item = (number: number): string => `ITEM-${String(number).padStart(3, '0')}`
export const refused = (excType: string, status: number): Refused => expect.objectContaining({ excType, status }) as Refused

/** A list's request; `where` and `whereAny` are filters in any form that callers write. */
type ListOptions = Omit<ListRequest, 'doctype'> & { readonly where?: unknown; readonly whereAny?: unknown }

export interface Verbs {
  readonly read: (person: Person, doctype: string, name: string) => Promise<Document>
  readonly list: (person: Person, doctype: string, request?: ListOptions) => Promise<Row[]>
  readonly count: (person: Person, doctype: string, where?: unknown) => Promise<number>
  readonly search: (
    person: Person,
    doctype: string,
    text: string,
    more?: { limit?: number; filters?: Filter[]; start?: number },
  ) => Promise<string[]>
  readonly insert: (person: Person, doctype: string, ...documents: Values[]) => Promise<Document>
  readonly update: (person: Person, doctype: string, name: string | number, values: Values) => Promise<Document>
  readonly remove: (person: Person, doctype: string, name: string | number) => Promise<void>
}

export function verbsOf(world: () => World): Verbs {
  return {
    read: (person, doctype, name) => run(world(), person, (backend, who) => backend.read(who, { doctype, name })),
    list: (person, doctype, { where, whereAny, ...request } = {}) =>
      run(world(), person, (backend, who) =>
        backend.list(who, { doctype, limit: null, filters: parseFilters(where), orFilters: parseFilters(whereAny), ...request }),
      ),
    count: (person, doctype, where) =>
      run(world(), person, (backend, who) => backend.count(who, { doctype, filters: parseFilters(where) })),
    search: async (person, doctype, text, more = {}) => {
      const matches = await run(world(), person, (backend, who) => backend.searchLink(who, { doctype, text, limit: 10, ...more }))
      return matches.map((match) => match.value)
    },
    insert: async (person, doctype, ...documents) =>
      (await run(world(), person, (backend, who) => backend.insert(who, doctype, documents)))[0]!,
    update: (person, doctype, name, values) =>
      run(world(), person, (backend, who) => backend.update(who, { doctype, name: String(name), values })),
    remove: (person, doctype, name) => run(world(), person, (backend, who) => backend.remove(who, { doctype, name: String(name) })),
  }
}

export const run = <T>(world: World, person: Person, act: (backend: Backend, principal: Principal) => Promise<T>): Promise<T> => {
  const { backend, principal } = world.as(person)
  return act(backend, principal)
}

export function opened(make: () => Promise<World>): () => World {
  let world: World
  beforeAll(async () => {
    world = await make()
  })
  afterAll(() => world.close())
  return () => world
}
