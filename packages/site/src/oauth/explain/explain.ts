import { RIGHTS, isRight, readScope, type DocType, type Right } from '@annex/protocol'
import type { Incident, Trail } from '../../audit/trail.ts'
import type { Principal, TokenRights } from '../../policy/principal.ts'
import { parseRowFilters, type RowFilters } from '../../policy/row-filters.ts'
import { ACCESS_REFUSED } from '../access/api-access.ts'
import type { Admission } from '../admission.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { NarrowedScopes } from '../bearer/kept/narrowed-scopes.ts'
import { BEARER_REFUSED } from '../bearer/refused/bearer-refusals.ts'
import { tokenRights } from '../bearer/token-rights.ts'
import type { Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import { withinPolicy } from '../clients/rules/registration-policy.ts'
import { heldScopes } from '../grant-types/grant-type-parts.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { tokenKey } from '../token-text.ts'
import { documentFindings, type AppFilters } from './findings/document-findings.ts'
import { readClientRights, readGrantFacts, readTokenFacts, type GrantFacts } from './explain-store.ts'
import { allows, refuses, type Explanation, type Finding, type Question } from './findings/findings.ts'
import { refusedTokenFindings } from './findings/refused-token-findings.ts'
import { methodFinding, scopeFindings } from './findings/scope-findings.ts'
import { appFindings, grantFinding, opennessFinding, resourceFinding, tokenFinding, userFinding } from './findings/token-findings.ts'

export interface ExplainParts extends Pick<
  OAuthParts,
  'database' | 'generation' | 'documents' | 'users' | 'grants' | 'settings' | 'doctypeOf' | 'issuer' | 'now' | 'zone'
> {
  readonly admission: Admission
  readonly trail: Pick<Trail, 'incident'>
}

/** What a refusal that was quoted turns out to be, and how things stand now. */
export interface ExplainedIncident {
  readonly incident: Incident
  /** Absent when nobody's rights were at stake. */
  readonly explanation?: Explanation
}

/** A caller who may not be told. They are told the same of what there is and of what there is not. */
export type NotEntitled = 'not entitled'

/** What of a call is known besides its question. */
interface Asked {
  readonly method?: string | undefined
  /** Where it came from. */
  readonly ip?: string | undefined
  /** What was found of its token. */
  readonly before?: readonly Finding[]
}

/** Whose rights are judged, through what, and who asks. */
interface Subject extends Asked {
  readonly caller: Principal
  readonly user: string
  readonly client?: Client | undefined
  readonly clientId?: string
  readonly facts?: GrantFacts
  /** Whether it came with an API key. */
  readonly byKey?: boolean
  /** What of the grant's scopes its token has. */
  readonly scope?: string
  /** What of the grant's resources its token is for. */
  readonly resource?: string | null
}

/** Says why an app, or a person, may do something or may not, from the decisions that are asked at every call. */
export class Explain {
  readonly #parts: ExplainParts
  readonly #narrowed = new NarrowedScopes()

  constructor(parts: ExplainParts) {
    this.#parts = parts
  }

  /** Of a call with this access token. Whoever is not its user must be a System Manager. */
  async token(caller: Principal, text: string, question: Question | undefined): Promise<Explanation | NotEntitled> {
    const { connection } = this.#parts.database
    await this.#observe()
    const row = await readTokenFacts(connection, tokenKey(text))
    const known = row?.kind === 'access' ? row : undefined
    const facts = known && (await readGrantFacts(connection, known.grant_id))
    if (!isEntitled(caller, facts?.grant.user)) return 'not entitled'
    const state = tokenFinding(text, known, this.#parts.now(), this.#shown)
    if (!known || !facts) return { allowed: false, user: '', question, findings: [state] }
    const client = await readClient(connection, known.client)
    const { scope, resource } = known
    return this.#judge({ caller, user: facts.grant.user, client, clientId: known.client, facts, scope, resource }, question, [state])
  }

  /** Of an app that acts for the user: by whichever of their living consents allows it, or else by the latest. */
  async app(caller: Principal, user: string, clientId: string, question: Question): Promise<Explanation | NotEntitled> {
    if (!isEntitled(caller, user)) return 'not entitled'
    await this.#observe()
    const grants = await this.#parts.grants.list(user, clientId)
    const explained: Explanation[] = []
    for (const { id } of grants) explained.push(await this.#ofGrant(caller, id, question))
    const found = explained.find((explanation) => explanation.allowed) ?? explained[0]
    const none = refuses(
      'grant',
      `${user} has not allowed this app anything, or has ended it`,
      'The app sends its user through the sign-in',
    )
    return found ?? { allowed: false, user, question, findings: [none] }
  }

  /** Of a refusal, by the id that its caller was told. Undefined when there is none: a System Manager alone learns that. */
  async incident(caller: Principal, id: string): Promise<ExplainedIncident | NotEntitled | undefined> {
    const incident = await this.#parts.trail.incident(id)
    if (!incident) return isManager(caller) ? undefined : 'not entitled'
    if (!isEntitled(caller, incident.user ?? undefined) && !(await this.#ownsApp(caller, incident))) return 'not entitled'
    await this.#observe()
    const explanation = await this.#ofIncident(caller, incident)
    return explanation ? { incident, explanation } : { incident }
  }

  /** Whether it is a token of their own app that was refused. */
  async #ownsApp(caller: Principal, { event, client }: Incident): Promise<boolean> {
    if (event !== BEARER_REFUSED || client === null) return false
    return (await readClient(this.#parts.database.connection, client))?.owner === caller.user
  }

  async #ofIncident(caller: Principal, incident: Incident): Promise<Explanation | undefined> {
    const { user, client, grant, ip, facts } = incident
    const question = questionOf(facts, ip ?? undefined)
    const method = facts.scope === undefined ? undefined : readScope(facts.scope)
    const name = method?.kind === 'method' ? method.name : undefined
    const before = incident.event === BEARER_REFUSED ? refusedTokenFindings(facts.reason) : []
    if (grant !== null) return this.#ofGrant(caller, grant, question, { method: name, ip: ip ?? undefined, before })
    if (before.length > 0) return { allowed: false, user: '', findings: before }
    if (user !== null) return this.#judge({ caller, user, byKey: incident.event === ACCESS_REFUSED }, question, [])
    return client !== null && facts.reason === 'address' ? this.#ofApp(caller, client, ip ?? undefined) : undefined
  }

  /** Of an app that shows its secret, with nobody's consent in question yet. */
  async #ofApp(caller: Principal, id: string, ip: string | undefined): Promise<Explanation> {
    const client = await readClient(this.#parts.database.connection, id)
    const findings = appFindings(client, ip, isManager(caller))
    return { allowed: allows(findings), user: '', client: { id, name: client?.name ?? id }, findings }
  }

  async #ofGrant(caller: Principal, id: string, question: Question | undefined, asked: Asked = {}): Promise<Explanation> {
    const { connection } = this.#parts.database
    const facts = await readGrantFacts(connection, id)
    if (!facts)
      return {
        allowed: false,
        user: '',
        grant: id,
        question,
        findings: [refuses('grant', 'The consent is gone', 'The app sends its user through the sign-in again')],
      }
    const { user, client: clientId } = facts.grant
    const client = await readClient(connection, clientId)
    const scope = client ? heldScopes(facts.grant, withinPolicy(client, await this.#parts.settings.read())) : facts.grant.granted
    return this.#judge({ caller, user, client, clientId, facts, scope, ...asked }, question, asked.before ?? [])
  }

  async #judge(subject: Subject, question: Question | undefined, before: readonly Finding[]): Promise<Explanation> {
    const { caller, user, client, clientId, facts, method } = subject
    const seesApp = isManager(caller) || client?.owner === caller.user
    const findings = [...before, ...this.#grantFindings(subject, question?.ip ?? subject.ip, seesApp)]
    const { admission, users } = this.#parts
    const token = await this.#rightsOf(subject)
    const principal = await users.principal(user, token)
    findings.push(userFinding(user, principal, token === undefined || admission.admits(user)))
    if (principal) {
      if (token || subject.byKey === true) findings.push(...(await this.#accessFinding(principal)))
      if (token) findings.push(...(await this.#opennessFinding(subject, principal)))
      if (token && method !== undefined) findings.push(methodFinding(token, method))
      if (question) findings.push(...(await this.#questionFindings(principal, client, filtersOf(subject, seesApp), question)))
    }
    return {
      allowed: allows(findings),
      user,
      client: clientId === undefined ? undefined : { id: clientId, name: client?.name ?? clientId },
      grant: facts?.grant.id,
      question,
      findings,
    }
  }

  /** What the consent and the app say, whoever its user is by now. */
  #grantFindings({ client, facts, resource }: Subject, ip: string | undefined, seesApp: boolean): Finding[] {
    if (!facts) return []
    const { issuer, now } = this.#parts
    return [
      grantFinding(facts, now(), this.#shown),
      ...resourceFinding(resource === undefined ? facts.grant.resource : resource, issuer()),
      ...appFindings(client, ip, seesApp),
    ]
  }

  async #opennessFinding({ client, facts }: Subject, principal: Principal): Promise<Finding[]> {
    const isApproved = client !== undefined && (await this.#parts.admission.isApproved(client.id, principal.user))
    return opennessFinding(client, principal, facts?.grant.kind, isApproved)
  }

  async #rightsOf({ facts, clientId, scope }: Subject): Promise<TokenRights | undefined> {
    if (!facts || clientId === undefined) return undefined
    const rights = (await readClientRights(this.#parts.database.connection, clientId)) ?? {
      unfenced: 0,
      row_filters: null,
      openid_acts_as_all: 0,
    }
    const { id, filters, doctype_ids, granted } = facts.grant
    const row = { grant_id: id, client: clientId, scope: scope ?? granted, filters, doctype_ids, ...rights }
    return tokenRights(row, '', this.#narrowed)
  }

  async #accessFinding(principal: Principal): Promise<Finding[]> {
    const fault = await this.#parts.admission.accessFault(principal)
    return fault === undefined ? [] : [refuses('api access', fault, 'A System Manager switches it on')]
  }

  async #questionFindings(
    principal: Principal,
    client: Client | undefined,
    filters: AppFilters,
    { doctype: name, right, name: document }: Question,
  ): Promise<Finding[]> {
    const { doctypeOf, documents } = this.#parts
    const doctype = doctypeOf(name)
    if (!doctype)
      return [
        refuses(
          'doctype',
          `This site has no DocType ${name.slice(0, 140)}`,
          'Check its name; where documents live upstream, the upstream says what it refuses',
        ),
      ]
    const { premises } = documents
    const parents = premises.doctypes.parentsOf(name).map((parent) => parent.doctype.name)
    const { token } = principal
    const scopes = token ? scopeFindings({ token, client, doctype, parents, doctypeOf, right }) : []
    const place = doctype.istable ? await this.#placeOf(doctype, document) : { doctype, name: document }
    if (!place) return [...scopes, refuses('document', `There is no such row of ${name}`, 'Name a row; it is judged with its document')]
    // Whoever changes a row changes its document.
    const asked = doctype.istable && right !== 'read' ? 'write' : right
    return [...scopes, ...(await documentFindings({ premises, principal, doctype: place.doctype, right: asked, filters }, place.name))]
  }

  /** The document that a row belongs to. */
  async #placeOf(doctype: DocType, name: string | undefined): Promise<{ doctype: DocType; name: string } | undefined> {
    const { premises } = this.#parts.documents
    const row = name === undefined ? undefined : await premises.store.readRow(premises.database.connection, doctype, name)
    const parent = row && premises.doctypes.get(String(row['parenttype']))
    return parent && { doctype: parent, name: String(row['parent']) }
  }

  async #observe(): Promise<void> {
    const { generation } = this.#parts
    await generation.observe(await generation.read())
  }

  readonly #shown = (micros: number): string => formatTimestamp(micros, this.#parts.zone).slice(0, 16)
}

const filtersOf = ({ client, facts }: Subject, seesSite: boolean): AppFilters => ({
  ofSite: readFilters(client?.rowFilters),
  ofGrant: readFilters(facts?.grant.filters),
  seesSite,
})
const readFilters = (text: string | null | undefined): RowFilters | undefined => (text ? parseRowFilters(text) : undefined)

const isManager = (caller: Principal): boolean => caller.roles.has('System Manager')
const isEntitled = (caller: Principal, user: string | undefined): boolean => isManager(caller) || caller.user === user

/** By the first word of what was tried. */
const RIGHT_OF: Readonly<Record<string, Right>> = {
  read: 'read',
  list: 'read',
  search: 'select',
  create: 'create',
  update: 'write',
  submit: 'submit',
  cancel: 'cancel',
  rename: 'write',
  remove: 'delete',
}

function questionOf({ scope, act }: Incident['facts'], ip: string | undefined): Question | undefined {
  const read = scope === undefined ? undefined : readScope(scope)
  if (read?.kind === 'document') return { right: read.right, doctype: read.doctype, ip }
  const [word = '', doctype = ''] = act === undefined ? [] : split(act)
  const right = RIGHT_OF[word]
  return right === undefined || doctype === '' || scope !== undefined ? undefined : { right, doctype, ip }
}

const split = (act: string): [string, string] => {
  const space = act.indexOf(' ')
  return space < 0 ? [act, ''] : [act.slice(0, space), act.slice(space + 1)]
}

/** @throws {Error} one sentence that lists the rights */
export function parseRight(text: string): Right {
  if (isRight(text)) return text
  throw new Error(`there is no right "${text.slice(0, 60)}"; there are: ${RIGHTS.join(', ')}`)
}
