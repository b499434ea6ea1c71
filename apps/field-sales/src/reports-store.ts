import Database from 'better-sqlite3'

/** A visit, as the person who made it tells it. Item and customer are docnames of the primary site. */
export interface VisitReport {
  /** The author's id at the primary site (`sub`). */
  readonly author: string
  readonly authorName: string
  readonly item: string
  readonly customer: string | null
  readonly note: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** The visit reports, in a database of field-sales' own. */
export class Reports {
  readonly #database: Database.Database

  /** @throws {Error} when the file cannot be opened */
  constructor(path: string) {
    this.#database = new Database(path)
    this.#database.pragma('journal_mode = WAL')
    this.#database.exec(`
      create table if not exists visit_report (
        id integer primary key, author text not null, author_name text not null, item text not null, customer text,
        note text not null, created_at integer not null
      ) strict;
      create index if not exists visit_report_author on visit_report (author, created_at desc);`)
  }

  insert(report: VisitReport): void {
    // primary key
    const sql =
      'insert into visit_report (author, author_name, item, customer, note, created_at) values (@author, @authorName, @item, @customer, @note, @createdAt)'
    this.#database.prepare(sql).run(report)
  }

  /** The newest first. */
  list(author: string, limit = 100): VisitReport[] {
    const columns = 'author, author_name as authorName, item, customer, note, created_at as createdAt'
    // visit_report_author
    const query = this.#database.prepare<[string, number], VisitReport>(
      `select ${columns} from visit_report where author = ? order by created_at desc, id desc limit ?`,
    )
    return query.all(author, limit)
  }

  close(): void {
    this.#database.close()
  }
}
