import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { ADMINISTRATOR } from '../../packages/site/src/policy/principal.ts'
import { LINES, TARGETS, shapeOf, type Kind } from './crash-kinds.ts'
import { openCrashSite } from './crash-site.ts'

// Writes as fast as it can until it is killed, and says each thing that was answered for, before it writes on.
const [url = '', kind = '', run = ''] = process.argv.slice(2)
// At the end of a process that is killed nothing is kept for the next.
flushCompileCache()
const { documents } = await openCrashSite(url)
/** Reaches the pipe before it returns. */
const say = (...words: readonly (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`)
const insert = (doctype: string, values: object): Promise<unknown> => documents.insert(ADMINISTRATOR, doctype, [{ ...values }])
const update = (doctype: string, name: string, values: object): Promise<unknown> =>
  documents.update(ADMINISTRATOR, { doctype, name, values: { ...values } })

async function insertNamed(): Promise<void> {
  const [made] = await documents.insert(ADMINISTRATOR, 'Crash Series', [{ run }])
  say(String(made?.name))
}

const rows = (mark: number): object[] => Array.from({ length: LINES }, () => ({ mark }))

const WORK: Readonly<Record<Kind, () => Promise<void>>> = {
  documents: async () => {
    for (let turn = 0; ; turn += 1) {
      const name = `Doc ${run} ${turn}`
      await insert('Crash Doc', { name, title: `title ${run} ${turn}`, mark: 0, lines: rows(0) })
      say(`${run}-${turn}`, 0)
      for (let mark = 1; mark <= 3; mark += 1) {
        await update('Crash Doc', name, { mark, title: `title ${run} ${turn} ${mark}`, lines: rows(mark) })
        say(`${run}-${turn}`, mark)
      }
    }
  },
  series: async () => {
    for (;;) await Promise.all([insertNamed(), insertNamed(), insertNamed()])
  },
  renames: async () => {
    for (let turn = 0; ; turn += 1) {
      const number = turn % TARGETS
      const [target] = await documents.list(ADMINISTRATOR, {
        doctype: 'Crash Target',
        filters: [{ fieldname: 'number', operator: '=', value: number }],
        limit: 1,
      })
      const name = `Target ${number} ${run} ${turn}`
      await documents.rename(ADMINISTRATOR, { doctype: 'Crash Target', name: String(target?.['name']) }, name)
      say(number, name.replaceAll(' ', '_'))
    }
  },
  doctypes: async () => {
    const definition = await documents.read(ADMINISTRATOR, { doctype: 'DocType', name: 'Crash Shape' })
    for (let turn = Number(definition['description']) + 1; ; turn += 1) {
      await update('DocType', 'Crash Shape', shapeOf(turn))
      say('shape', turn)
      await insert('Crash Shape', { name: `Shape ${run} ${turn}`, t: `text ${turn}`, a: String(turn) })
      say('document', turn)
    }
  },
}

say('begun')
await WORK[kind as Kind]()
