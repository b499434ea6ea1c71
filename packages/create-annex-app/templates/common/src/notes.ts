import type { Session } from '@annex/connector'
import Database from 'better-sqlite3'

export interface Note {
  readonly id: number
  /** The docname of a Customer of the site. */
  readonly customer: string
  /** What the customer was called when the site was last asked. */
  readonly label: string
  readonly text: string
}

/** The app's own data: notes about customers of the site, each person's for themselves. */
export class Notes {
  readonly #database: Database.Database

  constructor(path: string) {
    this.#database = new Database(path)
    this.#database.pragma('journal_mode = WAL')
    this.#database.exec(`create table if not exists note (
      id integer primary key, person text not null, customer text not null, label text not null, text text not null
    ); create index if not exists note_person on note (person, id);
    create index if not exists note_customer on note (customer, person);
    create table if not exists access (person text primary key, connection text not null unique)`)
  }

  /** The newest first. */
  list(session: Session): Note[] {
    return this.#database
      .prepare('select id, customer, label, text from note where person = ? order by id desc limit 50')
      .all(this.#personOf(session)) as Note[]
  }

  insert(session: Session, note: Omit<Note, 'id'>): void {
    this.#database
      .prepare('insert into note (person, customer, label, text) values (?, ?, ?, ?)')
      .run(this.#personOf(session), note.customer, note.label, note.text)
  }

  /** A customer is called otherwise now, as the person with this access sees it. */
  rename(connection: string, customer: string, label: string): void {
    this.#database
      .prepare('update note set label = ? where customer = ? and person = (select person from access where connection = ?)')
      .run(label, customer, connection)
  }

  /** The accesses of those who have notes about a customer. */
  readers(customer: string): string[] {
    const rows = this.#database
      .prepare('select connection from access where person in (select person from note where customer = ?)')
      .all(customer) as { connection: string }[]
    return rows.map(({ connection }) => connection)
  }

  close(): void {
    this.#database.close()
  }

  /** Who somebody is, whatever became of their access: it gets another id once they have given it back. The one they have now is kept. */
  #personOf({ connection, user }: Session): string {
    const person = JSON.stringify([user.issuer, user.subject])
    this.#database
      .prepare(
        `insert into access (person, connection) values (?, ?)
        on conflict (person) do update set connection = excluded.connection where connection <> excluded.connection`,
      )
      .run(person, connection)
    return person
  }
}
