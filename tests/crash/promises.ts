import type { Database } from '@annex/database'
import { sql } from 'kysely'
import { LINES, TARGETS, type Kind } from './crash-kinds.ts'
import { query } from './check-whole.ts'

/** What earlier processes said that they had done; a judge of one kind remembers what it needs. */
export type Judge = (database: Database, said: readonly (readonly string[])[]) => Promise<string[]>

/** The number that a name ends in. */
const turnOf = (name: string): number => Number(name.split(' ').at(-1))

/** Makes the judge of a kind: given what a killed process said, it tells what is not so. */
export const judges: Readonly<Record<Kind, () => Judge>> = {
  documents: () => async (database, said) => {
    const wrong: string[] = []
    const torn = await query(
      database,
      sql`select d.name from "tabCrash Doc" d where (select count(*) from "tabCrash Line" l where l.parent = d.name and l.mark = d.mark) <> ${LINES}
        or (select count(*) from "tabCrash Line" l where l.parent = d.name) <> ${LINES}
        or (select count(*) from "tabVersion" v where v.ref_doctype = 'Crash Doc' and v.docname = d.name) <> d.mark`,
    )
    wrong.push(...torn.map((row) => `${String(row['name'])} is half written`))
    const last = new Map(said.map(([name, mark]) => [name ?? '', Number(mark)]))
    for (const [words, mark] of last) {
      const name = `Doc ${words.replace(/-(\d+)$/, ' $1')}`
      const [row] = await query(database, sql`select mark from "tabCrash Doc" where name = ${name}`)
      if (!row || Number(row['mark']) < mark) wrong.push(`${name} ${mark} was answered for and is gone`)
    }
    return wrong
  },

  series: () => {
    const given = new Set<string>()
    return async (database, said) => {
      const wrong: string[] = []
      for (const [name = ''] of said) {
        if (given.has(name)) wrong.push(`${name} was given twice`)
        given.add(name)
      }
      const names = new Set((await query(database, sql`select name from "tabCrash Series"`)).map((row) => String(row['name'])))
      wrong.push(...[...given].filter((name) => !names.has(name)).map((name) => `${name} was answered for and is gone`))
      const [counter] = await query(database, sql`select current from naming_series where prefix = 'CS-'`)
      const greatest = Math.max(0, ...[...names].map((name) => Number(name.slice(3))))
      if (Number(counter?.['current'] ?? 0) !== greatest || names.size !== greatest)
        wrong.push(`the counter is at ${String(counter?.['current'])}, the greatest name ${greatest}, of ${names.size}`)
      return wrong
    }
  },

  renames: () => async (database, said) => {
    const wrong: string[] = []
    const targets = await query(database, sql`select name, number from "tabCrash Target"`)
    if (targets.length !== TARGETS) wrong.push(`there are ${targets.length} targets`)
    const astray = await query(
      database,
      sql`select l.name from "tabCrash Link" l where not exists (select 1 from "tabCrash Target" t where t.name = l.target and 'Link ' || t.number = l.name)
        union all select l.name from "tabCrash Link Line" l where not exists (select 1 from "tabCrash Target" t where t.name = l.target and t.number = l.number)`,
    )
    wrong.push(...astray.map((row) => `${String(row['name'])} links to a name that is gone`))
    const last = new Map(said.map(([number, name]) => [Number(number), (name ?? '').replaceAll('_', ' ')]))
    for (const [number, name] of last) {
      const now = String(targets.find((row) => row['number'] === number)?.['name'])
      // One more may have been committed and not yet told.
      if (now !== name && turnOf(now) <= turnOf(name)) wrong.push(`${name} was answered for and is ${now}`)
    }
    return wrong
  },

  doctypes: () => async (database, said) => {
    const wrong: string[] = []
    const [stored] = await query(database, sql`select description from "tabDocType" where name = 'Crash Shape'`)
    const turn = Number(stored?.['description'])
    const answered = Math.max(0, ...said.filter(([what]) => what === 'shape').map(([, number]) => Number(number)))
    if (turn < answered) wrong.push(`change ${answered} of the DocType was answered for, and it is at ${turn}`)
    const documents = await query(database, sql`select name, a from "tabCrash Shape"`)
    wrong.push(
      ...documents
        .filter((row) => Number(row['a']) !== turnOf(String(row['name'])))
        .map((row) => `${String(row['name'])} has the value ${String(row['a'])}`),
    )
    const turns = new Set(documents.map((row) => turnOf(String(row['name']))))
    for (const [what, number] of said) if (what === 'document' && !turns.has(Number(number))) wrong.push(`document ${number} is gone`)
    return wrong
  },
}
