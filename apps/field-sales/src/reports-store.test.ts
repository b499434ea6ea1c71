import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Reports, type Person, type VisitReport } from './reports-store.ts'

const SITE = 'https://erp.example'
const SAM: Person = { issuer: SITE, subject: 'sam' }
const NAMESAKE: Person = { issuer: 'https://other.example', subject: 'sam' }
const REPORT: VisitReport = {
  authorName: 'Sam Seller',
  item: 'ITEM-1',
  itemLabel: 'Bolt',
  customer: 'CUST-1',
  customerLabel: 'Apple Inc',
  note: 'first',
  createdAt: 1,
}

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'field-sales-reports-'))
  path = join(folder, 'reports.db')
})
afterEach(() => rm(folder, { recursive: true }))

function within<T>(act: (reports: Reports) => T, issuer = SITE): T {
  const reports = new Reports(path, issuer)
  try {
    return act(reports)
  } finally {
    reports.close()
  }
}

/** A database as the first release left it. */
function firstRelease(): void {
  const database = new Database(path)
  database.exec(`
    create table visit_report (
      id integer primary key, author text not null, author_name text not null, item text not null, customer text,
      note text not null, created_at integer not null
    ) strict;
    create index visit_report_author on visit_report (author, created_at desc);
    insert into visit_report (author, author_name, item, customer, note, created_at)
      values ('sam', 'Sam Seller', 'ITEM-1', null, 'old', 1), ('lea', 'Lea Lead', 'ITEM-2', 'CUST-1', 'hers', 2)`)
  database.close()
}

test('reports of the first release are those of the persons of the site at which the app is registered', () => {
  firstRelease()
  const old = { ...REPORT, itemLabel: '', customer: null, customerLabel: '', note: 'old' }
  expect(within((reports) => reports.list(SAM))).toEqual([old])
  // Later starts, also at another site, give nobody else's reports away.
  within((reports) => reports.insert(SAM, { ...REPORT, createdAt: 3 }), NAMESAKE.issuer)
  expect(within((reports) => reports.list(SAM).map(({ note }) => note))).toEqual(['first', 'old'])
  expect(within((reports) => reports.list(NAMESAKE))).toEqual([])
})

test('a person of another site who has the same id there sees and changes nothing', () => {
  const shown = within((reports) => {
    reports.insert(SAM, REPORT)
    reports.relabel(NAMESAKE, 'item', 'ITEM-1', 'theirs')
    reports.rename(NAMESAKE, 'customer', 'CUST-1', 'CUST-2')
    reports.forgetLabels(NAMESAKE)
    return [reports.list(SAM), reports.list(NAMESAKE)]
  })
  expect(shown).toEqual([[REPORT], []])
})

test('labels and names follow the site, and go when they are to be forgotten', () => {
  within((reports) => {
    reports.insert(SAM, REPORT)
    reports.rename(SAM, 'customer', 'CUST-1', 'CUST-2')
    reports.relabel(SAM, 'customer', 'CUST-2', 'Apple Ltd')
    expect(reports.list(SAM)).toEqual([{ ...REPORT, customer: 'CUST-2', customerLabel: 'Apple Ltd' }])
    reports.forgetLabels(SAM)
    expect(reports.list(SAM)).toMatchObject([{ item: 'ITEM-1', itemLabel: '', customer: 'CUST-2', customerLabel: '' }])
  })
})

test('reports move along with their site', () => {
  within((reports) => {
    reports.insert(SAM, REPORT)
    reports.move(SITE, 'https://new.example')
    expect([reports.list(SAM), reports.list({ ...SAM, issuer: 'https://new.example' })]).toEqual([[], [REPORT]])
  })
})
