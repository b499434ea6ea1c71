import Database from 'better-sqlite3'
import type { LinkFieldName } from './link-fields.ts'
import { migrate } from './reports-migrations.ts'

/** Who somebody is: sites may call different persons by the same id. */
export interface Person {
  readonly issuer: string
  /** Their id at the issuer (`sub`). */
  readonly subject: string
}

/** A visit, as the person who made it tells it. Item and customer are docnames of the primary site. */
export interface VisitReport {
  readonly authorName: string
  readonly item: string
  /** What the site last said of the item to this person; '' when nothing. */
  readonly itemLabel: string
  readonly customer: string | null
  readonly customerLabel: string
  readonly note: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** The visit reports, in a database of field-sales' own, each its author's. */
export class Reports {
  readonly #database: Database.Database

  /**
   * @param issuer whose persons wrote the reports of the first release, which did not say
   * @throws {Error} when the file cannot be opened
   */
  constructor(path: string, issuer: string) {
    this.#database = new Database(path)
    this.#database.pragma('journal_mode = WAL')
    migrate(this.#database, issuer)
  }

  insert({ issuer, subject }: Person, report: VisitReport): void {
    // primary key
    const sql = `insert into visit_report (issuer, author, author_name, item, item_label, customer, customer_label, note, created_at)
      values (@issuer, @subject, @authorName, @item, @itemLabel, @customer, @customerLabel, @note, @createdAt)`
    this.#database.prepare(sql).run({ issuer, subject, ...report })
  }

  /** The newest first. */
  list({ issuer, subject }: Person, limit = 100): VisitReport[] {
    const columns =
      'author_name as authorName, item, item_label as itemLabel, customer, customer_label as customerLabel, note, created_at as createdAt'
    // visit_report_author
    const query = this.#database.prepare<[string, string, number], VisitReport>(
      `select ${columns} from visit_report where issuer = ? and author = ? order by created_at desc, id desc limit ?`,
    )
    return query.all(issuer, subject, limit)
  }

  /** What the site calls a document, as its author may see it. */
  relabel({ issuer, subject }: Person, field: LinkFieldName, name: string, label: string): void {
    // visit_report_author
    const sql = `update visit_report set ${field}_label = ? where issuer = ? and author = ? and ${field} = ?`
    this.#database.prepare(sql).run(label, issuer, subject, name)
  }

  /** The site has given a document another name. */
  rename({ issuer, subject }: Person, field: LinkFieldName, from: string, to: string): void {
    // visit_report_author
    this.#database
      .prepare(`update visit_report set ${field} = ? where issuer = ? and author = ? and ${field} = ?`)
      .run(to, issuer, subject, from)
  }

  /** Forgets what the site said of the documents that this person named. */
  forgetLabels({ issuer, subject }: Person): void {
    // visit_report_author
    this.#database
      .prepare("update visit_report set item_label = '', customer_label = '' where issuer = ? and author = ?")
      .run(issuer, subject)
  }

  /** The site has moved, with all its persons. */
  move(fromIssuer: string, toIssuer: string): void {
    // visit_report_author
    this.#database.prepare('update visit_report set issuer = ? where issuer = ?').run(toIssuer, fromIssuer)
  }

  close(): void {
    this.#database.close()
  }
}
