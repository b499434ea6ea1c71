import { text } from 'node:stream/consumers'
import { defineCommand } from 'citty'
import type { ExplainedIncident, Explanation, Finding, Question } from '@annex/site'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

const SIGNS = { holds: '✓', refuses: '✗', limits: '~' } as const

/** `annex explain TOKEN RIGHT DOCTYPE [NAME]`, or `annex explain INCIDENT`: which check said no, and what would change it. */
export const explain = defineCommand({
  meta: { name: 'explain', description: 'Say why an app was refused, and what would change it' },
  args: {
    token: {
      type: 'positional',
      required: true,
      description: 'An access token, - to read it from the standard input, or the incident id of a refusal',
    },
    right: { type: 'positional', required: false, description: 'read, write, create …' },
    doctype: { type: 'positional', required: false, description: 'The DocType' },
    name: { type: 'positional', required: false, description: 'A document; without it, documents in general' },
    ip: { type: 'string', valueHint: 'ADDRESS', description: 'Where the call comes from' },
  },
  async run({ args }) {
    const { isIncident } = await import('@annex/site')
    if (isIncident(args.token)) return explainIncident(args.token)
    const question = await questionOf(args)
    const token = args.token === '-' ? (await text(process.stdin)).trim() : args.token
    return withSite(async (site, administrator) => {
      const explanation = await site.explain.token(administrator, token, question)
      if (explanation !== 'not entitled') show(explanation)
    })
  },
})

async function questionOf({
  right,
  doctype,
  name,
  ip,
}: Readonly<Partial<Record<'right' | 'doctype' | 'name' | 'ip', string | undefined>>>): Promise<Question | undefined> {
  if (right === undefined) return undefined
  const { parseRight } = await import('@annex/site')
  if (doctype === undefined) throw new Error('DOCTYPE is missing; see annex explain --help')
  return { right: parseRight(right), doctype, name, ip }
}

function explainIncident(id: string): Promise<void> {
  return withSite(async (site, administrator) => {
    const found = await site.explain.incident(administrator, id)
    if (found === undefined || found === 'not entitled') throw new Error(`there is no incident ${id}; refusals are kept for 30 days`)
    showIncident(found)
  })
}

function showIncident({ incident, explanation }: ExplainedIncident): void {
  const { event, count, first, user, client, ip, facts } = incident
  const through = client === null ? '' : ` through ${client}`
  print(
    `${event} (${count} times from ${new Date(first / 1000).toISOString()}): ${user ?? 'somebody'}${through}${ip === null ? '' : ` from ${ip}`}`,
  )
  for (const [name, value] of Object.entries(facts)) print(`  ${name}: ${value}`)
  if (explanation) show(explanation)
}

function show({ allowed, user, client, question, findings }: Explanation): void {
  const what =
    question === undefined ? '' : `: ${question.right} ${question.doctype}${question.name === undefined ? '' : ` ${question.name}`}`
  const who = user === '' ? '' : `, as ${user}${client === undefined ? '' : ` through ${client.name} (${client.id})`}`
  print(`${allowed ? 'Allowed now' : 'Refused'}${what}${who}`)
  for (const finding of findings) showFinding(finding)
}

function showFinding({ check, outcome, sentence, remedy }: Finding): void {
  print(`${SIGNS[outcome]} ${check}: ${sentence}`)
  if (remedy !== undefined) print(`    ${remedy}`)
}
