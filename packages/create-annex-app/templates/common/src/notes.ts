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
    ); create index if not exists note_person on note (person, id); create index if not exists note_customer on note (customer)`)
  }

  /** The newest first. */
  list(person: string): Note[] {
    return this.#database
      .prepare('select id, customer, label, text from note where person = ? order by id desc limit 50')
      .all(person) as Note[]
  }

  insert(person: string, note: Omit<Note, 'id'>): void {
    this.#database
      .prepare('insert into note (person, customer, label, text) values (?, ?, ?, ?)')
      .run(person, note.customer, note.label, note.text)
  }

  /** A customer is called otherwise now, as this person sees it. */
  rename(person: string, customer: string, label: string): void {
    this.#database.prepare('update note set label = ? where customer = ? and person = ?').run(label, customer, person)
  }

  close(): void {
    this.#database.close()
  }
}
