import type Database from 'better-sqlite3'

type Step = (database: Database.Database, issuer: string) => void

/** What each release has added; `user_version` counts those that were done. */
const STEPS: readonly Step[] = [
  // Also where the first release, which did not count, has made it.
  (database) =>
    database.exec(`
      create table if not exists visit_report (
        id integer primary key, author text not null, author_name text not null, item text not null, customer text,
        note text not null, created_at integer not null
      ) strict`),
  // Another site may call another person by the same id.
  (database, issuer) => {
    database.exec(`
      alter table visit_report add column issuer text not null default '';
      alter table visit_report add column item_label text not null default '';
      alter table visit_report add column customer_label text not null default '';
      drop index if exists visit_report_author;
      create index visit_report_author on visit_report (issuer, author, created_at desc);`)
    database.prepare('update visit_report set issuer = ?').run(issuer)
  },
]

/**
 * Brings the reports of an earlier release into the form of this one: all of it, or nothing.
 *
 * @param issuer whose persons wrote what was kept without it
 */
export function migrate(database: Database.Database, issuer: string): void {
  const run = database.transaction(() => {
    const done = Number(database.pragma('user_version', { simple: true }))
    for (const step of STEPS.slice(done)) step(database, issuer)
    if (done < STEPS.length) database.pragma(`user_version = ${STEPS.length}`)
  })
  run.immediate()
}
