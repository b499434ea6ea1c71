import type { Database } from '@annex/database'
import type { RegistrationStore, StoredRegistration } from '../connector-store.ts'
import { tablesOf, type RegistrationRow } from './tables.ts'

export class SqlRegistrations implements RegistrationStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async read(issuer: string, redirectUri: string): Promise<StoredRegistration | undefined> {
    // primary key
    const row = await this.#select().where('issuer', '=', issuer).where('redirect_uri', '=', redirectUri).executeTakeFirst()
    return row && fromRow(row)
  }

  async insert({ issuer, redirectUri, clientId, secret, registeredAt }: StoredRegistration): Promise<boolean> {
    const row = { tenant: this.#tenant, issuer, redirect_uri: redirectUri, client_id: clientId, secret, registered_at: registeredAt }
    // primary key
    const written = await tablesOf(this.#database.connection)
      .insertInto('connector_registration')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .returning('issuer')
      .execute()
    return written.length === 1
  }

  async compareAndSwap({ issuer, redirectUri, secret }: StoredRegistration, from: string | null): Promise<boolean> {
    // primary key; the secret makes it a guarded statement
    const query = tablesOf(this.#database.connection)
      .updateTable('connector_registration')
      .set({ secret })
      .where('tenant', '=', this.#tenant)
      .where('issuer', '=', issuer)
      .where('redirect_uri', '=', redirectUri)
      .where('secret', from === null ? 'is' : '=', from)
    return (await query.returning('issuer').execute()).length === 1
  }

  async remove(issuer: string, redirectUri: string): Promise<void> {
    const query = tablesOf(this.#database.connection).deleteFrom('connector_registration').where('tenant', '=', this.#tenant)
    // primary key
    await query.where('issuer', '=', issuer).where('redirect_uri', '=', redirectUri).execute()
  }

  async list(): Promise<StoredRegistration[]> {
    // primary key
    return (await this.#select().orderBy('issuer').orderBy('redirect_uri').execute()).map(fromRow)
  }

  #select() {
    return tablesOf(this.#database.connection).selectFrom('connector_registration').selectAll().where('tenant', '=', this.#tenant)
  }
}

const fromRow = ({ issuer, redirect_uri, client_id, secret, registered_at }: RegistrationRow): StoredRegistration => ({
  issuer,
  redirectUri: redirect_uri,
  clientId: client_id,
  secret,
  registeredAt: registered_at,
})
