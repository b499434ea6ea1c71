import { openDatabase, type Engine } from '@annex/database'
import { RIGHTS, ScopeSet, type Document, type Right, type Values } from '@annex/protocol'
import { expect } from 'vitest'
import { temporaryDatabase } from '../../../../../tests/support/databases.ts'
import type { Backend, Row } from '../../backend/backend.ts'
import { Guard } from '../../backend/guard.ts'
import { readConfig } from '../../config.ts'
import { openHooks } from '../../hooks/hooks.ts'
import { testSealer } from '../../oauth/keys/sealing/sealer.fixture.ts'
import { ADMINISTRATOR, GUEST, type Principal, type TokenRights } from '../../policy/principal.ts'
import { openRooms, type Rooms } from '../../rooms.ts'

/** The rooms of one process of a site, and its users as they are judged at the moment they act. */
export interface House {
  readonly rooms: Rooms
  /** What callers get: token and permissions are judged. */
  readonly backend: Backend
  /** The user, through an app with these scopes when they are given. */
  readonly as: (user: string, scope?: string) => Promise<Principal>
}

export interface TestSite extends House {
  /** Another process on the same database. */
  join(): Promise<House>
  close(): Promise<void>
}

/** A whole site without a socket, on an empty database of its own. */
export async function startRooms(engine: Engine): Promise<TestSite> {
  const place = await temporaryDatabase(engine)
  const first = await openHouse(place.url)
  const houses = [first]
  return {
    ...first,
    join: async () => {
      const house = await openHouse(place.url)
      houses.push(house)
      return house
    },
    close: async () => {
      for (const { rooms } of houses) await rooms.database.close()
      await place.remove()
    },
  }
}

async function openHouse(url: string): Promise<House> {
  const database = await openDatabase(url)
  const rooms = await openRooms(
    database,
    readConfig({ DATABASE_URL: url, ANNEX_LOG: 'silent' }),
    [],
    await openHooks(undefined),
    testSealer(),
    () => 'http://site',
  )
  const { doctypes, generation, principals, documents, methods } = rooms
  const backend = new Guard({
    backend: documents,
    doctypeOf: (name) => doctypes.get(name),
    parentsOf: (child) => doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
    methods,
    onRefusal: () => Promise.resolve(),
    resourceMetadata: () => 'http://site/.well-known/oauth-protected-resource',
  })
  const as = async (user: string, scope?: string): Promise<Principal> => {
    await generation.observe(await generation.read())
    if (user === 'Administrator') return scope === undefined ? ADMINISTRATOR : { ...ADMINISTRATOR, token: tokenFor(rooms, scope) }
    return (await principals.of(address(user), scope === undefined ? undefined : tokenFor(rooms, scope))) ?? GUEST
  }
  return { rooms, backend, as }
}

const tokenFor = ({ doctypes }: Rooms, scope: string): TokenRights => ({
  hash: 'hash',
  grant: 'grant',
  client: 'client',
  scopes: new ScopeSet(scope.split(' ')),
  unfenced: false,
  doctypeIds: Object.fromEntries(doctypes.names().map((name) => [name, doctypes.require(name).id])),
})

export const address = (user: string): string => `${user}@example.com`

export const row = (role: string, rights: readonly Right[], rest: Values = {}): Values => ({
  role,
  ...Object.fromEntries(RIGHTS.map((right) => [right, rights.includes(right) ? 1 : 0])),
  ...rest,
})

/** For `toSorted`. */
export const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0)

export const refused = (status: number, excType?: string): unknown =>
  expect.objectContaining({ status, ...(excType === undefined ? {} : { excType }) })

/** Acts of people by name, each judged as they stand when they act. */
export interface Acts {
  readonly read: (user: string, doctype: string, name: string) => Promise<Document>
  readonly list: (user: string, doctype: string, more?: Partial<Parameters<Backend['list']>[1]>) => Promise<Row[]>
  readonly names: (user: string, doctype: string) => Promise<unknown[]>
  readonly count: (user: string, doctype: string) => Promise<number>
  readonly search: (user: string, doctype: string, text?: string) => Promise<string[]>
  readonly insert: (user: string, doctype: string, values: Values) => Promise<Document>
  readonly update: (user: string, doctype: string, name: string, values: Values) => Promise<Document>
  readonly remove: (user: string, doctype: string, name: string) => Promise<void>
  readonly call: (user: string, method: string, args: Readonly<Record<string, unknown>>, scope?: string) => Promise<unknown>
}

export function actsOf(house: () => House): Acts {
  const acts: Acts = {
    read: async (user, doctype, name) => house().backend.read(await house().as(user), { doctype, name }),
    list: async (user, doctype, more) => house().backend.list(await house().as(user), { doctype, limit: null, orderBy: 'name', ...more }),
    names: async (user, doctype) => (await acts.list(user, doctype)).map((found) => found['name']),
    count: async (user, doctype) => house().backend.count(await house().as(user), { doctype }),
    search: async (user, doctype, text = '') =>
      (await house().backend.searchLink(await house().as(user), { doctype, text, limit: 20 })).map((match) => match.value).toSorted(byText),
    insert: async (user, doctype, values) => {
      const [document] = await house().backend.insert(await house().as(user), doctype, [values])
      if (!document) throw new Error('nothing was inserted')
      return document
    },
    update: async (user, doctype, name, values) => house().backend.update(await house().as(user), { doctype, name, values }),
    remove: async (user, doctype, name) => house().backend.remove(await house().as(user), { doctype, name }),
    call: async (user, method, args, scope) => house().backend.call(await house().as(user, scope), { method, httpMethod: 'POST', args }),
  }
  return acts
}
