import { RIGHTS, isRight } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import { Limits } from '../../http/limits.ts'
import type { HttpServer } from '../../http/server.ts'
import { explainPage, type ExplainValues, type ExplainView, type ShownIncident } from '../../pages/explain/explain-page.ts'
import { explainTexts } from '../../pages/explain/explain-texts.ts'
import type { Person } from '../../pages/layout.ts'
import { paths } from '../../pages/paths.ts'
import type { Principal } from '../../policy/principal.ts'
import { forPerson, shownTime } from '../apps/page-parts.ts'
import { readClient } from '../clients/clients-store.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import type { Explain, ExplainedIncident } from './explain.ts'
import type { Question } from './findings/findings.ts'

export interface ExplainRoutesParts extends Pick<OAuthParts, 'database' | 'users' | 'grants' | 'zone'> {
  readonly explain: Explain
}

type Request = Exchange<Principal>
type Shown = Pick<ExplainView, 'error' | 'incident' | 'explanation'>

/** So many questions a minute of one person: a token that is guessed is not found out about here. */
const QUESTIONS = { points: 60, seconds: 60 }

/** The page that says why an app was refused, for System Managers and for each user's own apps. */
export function explainRoutes(server: HttpServer<Principal>, parts: ExplainRoutesParts): void {
  const questions = new Limits(QUESTIONS)
  server.route(
    'GET',
    paths.explain,
    forPerson(parts.users, (exchange, person) => show(exchange, person, parts, {})),
  )
  const ask = async (exchange: Request, person: Person): Promise<Answer> => {
    await questions.consume(exchange.caller.user)
    return show(exchange, person, parts, await answer(exchange, parts))
  }
  server.route('POST', paths.explain, forPerson(parts.users, ask), { csrf: 'required' })
}

async function show({ caller, form, query }: Request, person: Person, parts: ExplainRoutesParts, shown: Shown): Promise<Answer> {
  const incident = query.get('incident') ?? ''
  const values = { ...valuesIn(form), ...(incident === '' ? {} : { incident }) }
  const apps = await appsOf(caller.user, parts)
  const status = shown.error === undefined ? {} : { status: 403 }
  return { ...status, page: explainPage({ person, values, apps, rights: RIGHTS, ...shown }) }
}

function valuesIn(form: URLSearchParams | undefined): ExplainValues {
  const text = (name: string): string => (form?.get(name) ?? '').trim().slice(0, 140)
  return {
    incident: text('incident'),
    client: text('client'),
    right: text('right') || 'read',
    doctype: text('doctype'),
    name: text('name'),
  }
}

async function appsOf(user: string, { grants, database }: ExplainRoutesParts): Promise<{ id: string; name: string }[]> {
  const ids = [...new Set((await grants.list(user)).map((grant) => grant.client))]
  return Promise.all(ids.map(async (id) => ({ id, name: (await readClient(database.connection, id))?.name ?? id })))
}

async function answer({ caller, form }: Request, parts: ExplainRoutesParts): Promise<Shown> {
  const { explain } = parts
  const values = valuesIn(form)
  if (values.incident !== '') return shownIncident(await explain.incident(caller, values.incident), values.incident, parts)
  const question = questionIn(values)
  if (!question) return { error: 'Choose a right and name a DocType' }
  const token = form?.get('token')?.trim() ?? ''
  if (values.client === '' && token === '') return { error: 'Choose one of your apps, or give an access token' }
  const explanation =
    values.client === '' ? await explain.token(caller, token, question) : await explain.app(caller, caller.user, values.client, question)
  return explanation === 'not entitled' ? { error: 'This token is not of an app of yours; ask a System Manager' } : { explanation }
}

function questionIn({ right, doctype, name }: ExplainValues): Question | undefined {
  if (!isRight(right) || doctype === '') return undefined
  return { right, doctype, ...(name === '' ? {} : { name }) }
}

function shownIncident(found: ExplainedIncident | 'not entitled' | undefined, id: string, { zone }: ExplainRoutesParts): Shown {
  if (found === 'not entitled') return { error: `Ask a System Manager with this incident id: ${id.slice(0, 60)}` }
  if (found === undefined) return { error: 'There is no such incident; refusals are kept for 30 days' }
  const { incident, explanation } = found
  return { incident: incidentView(incident, zone), explanation }
}

function incidentView(
  { incident, event, count, first, last, user, client, ip, facts }: ExplainedIncident['incident'],
  zone: string,
): ShownIncident {
  const t = explainTexts.facts
  const all: readonly (readonly [string, string | null | undefined])[] = [
    [t.event, event],
    [t.count, String(count)],
    [t.first, shownTime(first, zone)],
    [t.last, shownTime(last, zone)],
    [t.user, user],
    [t.client, client],
    [t.ip, ip],
    [t.act, facts.act],
    [t.scope, facts.scope],
    [t.reason, facts.reason],
  ]
  return { incident, facts: all.flatMap(([label, value]): [string, string][] => (value ? [[label, value]] : [])) }
}
