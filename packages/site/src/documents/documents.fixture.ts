import { Generation, databaseMigrations, dialectOf, migrate, openDatabase, type Database, type Engine } from '@annex/database'
import { temporaryDatabase } from '../../../../tests/support/databases.ts'
import { ROLES_OF, fillWorld, type Person } from '../backend/contract/world.fixture.ts'
import type { World } from '../backend/backend.contract.ts'
import type { Controller } from '../doctypes/controller.ts'
import { doctypeController } from '../doctypes/doctype-controller.ts'
import { DocTypes } from '../doctypes/doctypes.ts'
import { doctypeMigrations } from '../doctypes/migrations.ts'
import { Clock } from '../doctypes/values/clock.ts'
import { testSealer } from '../oauth/keys/sealing/sealer.fixture.ts'
import { ADMINISTRATOR, type Principal, type UserPermission } from '../policy/principal.ts'
import { Documents } from './documents.ts'
import type { DocumentsParts } from './premises.ts'

export interface TestDocuments {
  readonly url: string
  readonly documents: Documents
  readonly database: Database
  readonly doctypes: DocTypes
  close(): Promise<void>
}

export type TestParts = Partial<Pick<DocumentsParts, 'zone' | 'methods' | 'listeners'>> & {
  readonly controllers?: Readonly<Record<string, Controller>>
}

/** A site's documents on an empty database of their own. */
export async function startDocuments(engine: Engine, parts: TestParts = {}): Promise<TestDocuments> {
  const place = await temporaryDatabase(engine)
  const database = await openDatabase(place.url)
  await migrate(database, [...databaseMigrations, ...doctypeMigrations])
  const doctypes = new DocTypes(database)
  await doctypes.load()
  const controllers = new Map(
    Object.entries({ DocType: doctypeController(doctypes, new Generation(database), dialectOf(engine)), ...parts.controllers }),
  )
  const documents = new Documents({
    zone: 'UTC',
    methods: new Map(),
    sealer: testSealer(),
    ...parts,
    database,
    doctypes,
    clock: new Clock(),
    controllers,
  })
  const close = async (): Promise<void> => {
    await database.close()
    await place.remove()
  }
  return { url: place.url, documents, database, doctypes, close }
}

export function person(
  name: string,
  roles: readonly string[],
  userPermissions: readonly Partial<UserPermission>[] = [],
  sharedDoctypes: readonly string[] = [],
): Principal {
  return {
    user: `${name}@example.com`,
    roles: new Set([...roles, 'All', 'Desk User', 'Guest']),
    userPermissions: userPermissions.map((permission) => ({
      allow: '',
      for_value: '',
      applicable_for: null,
      is_default: false,
      ...permission,
    })),
    sharedDoctypes: new Set(sharedDoctypes),
  }
}

export const PEOPLE: Readonly<Record<Person, Principal>> = {
  admin: ADMINISTRATOR,
  lead: person('lead', ROLES_OF.lead),
  clerk: person('clerk', ROLES_OF.clerk),
  nobody: person('nobody', ROLES_OF.nobody),
}

export async function startWorld(engine: Engine): Promise<World & TestDocuments> {
  const started = await startDocuments(engine)
  await fillWorld(started.documents, ADMINISTRATOR)
  return { ...started, as: (who) => ({ backend: started.documents, principal: PEOPLE[who] }) }
}
