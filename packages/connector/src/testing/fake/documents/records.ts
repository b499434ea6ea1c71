import { documentScope, FrappeError, isRecord, notFound, notPermitted, ScopeSet, type Right } from '@annex/protocol'
import type { FakeUser } from '../fake-users.ts'
import type { Traits } from '../kinds.ts'
import { isTable } from './doctypes.ts'
import type { FakeDocument, FakeDocuments } from './fake-documents.ts'
import { Queries, type ListQuery } from './queries.ts'
import { asText } from './texts.ts'

/** Who calls. Without scopes (an API key), roles alone decide. */
export interface FakeCaller {
  readonly user: FakeUser
  readonly scopes?: readonly string[]
}

type Values = Readonly<Record<string, unknown>>

/** What a caller does with documents, with the rules of a site. */
export class Records {
  readonly documents: FakeDocuments
  readonly traits: Traits
  readonly #queries: Queries

  constructor(documents: FakeDocuments, traits: Traits) {
    this.documents = documents
    this.traits = traits
    this.#queries = new Queries(documents, traits.frappe)
  }

  /** @throws {FrappeError} when the token's scopes, or the roles, do not have the right */
  permit(caller: FakeCaller, doctype: string, right: Right): void {
    if (caller.scopes !== undefined && !this.traits.frappe) checkScopes(new ScopeSet(caller.scopes), doctype, right)
    if (this.#granting(caller, doctype, right, 0).length === 0) throw notPermitted(`You need the '${right}' permission on ${doctype}`)
  }

  /** Every document of a DocType that the caller may see. */
  seen(caller: FakeCaller, doctype: string, right: Right = 'read'): FakeDocument[] {
    if (!this.documents.knows(doctype)) throw new FrappeError('DoesNotExistError', `DocType ${doctype} not found`)
    this.permit(caller, doctype, right)
    return this.documents.all(doctype).filter((one) => this.#sees(caller, doctype, one, right))
  }

  /** Fields above the caller's level are left out, as if nobody had asked for them. */
  list(caller: FakeCaller, doctype: string, query: ListQuery, right: Right = 'read'): FakeDocument[] {
    const hidden = this.#hidden(caller, doctype)
    const fields = query.fields.filter((field) => !hidden.includes(field))
    const rows = this.#queries.list(doctype, this.seen(caller, doctype, right), { ...query, fields: fields.length > 0 ? fields : ['name'] })
    return hidden.length === 0 ? rows : rows.map((row) => without(row, hidden))
  }

  /** A Frappe counts for anybody, whatever they may read, where it is asked by `frappe.client.get_count`. */
  count(caller: FakeCaller, doctype: string, query: ListQuery): number {
    const names = { ...query, fields: ['name'] }
    return (this.traits.frappe ? this.#queries.list(doctype, this.documents.all(doctype), names) : this.list(caller, doctype, names)).length
  }

  read(caller: FakeCaller, doctype: string, name: string): FakeDocument {
    const document = this.#held(caller, doctype, name, 'read')
    const hidden = this.#hidden(caller, doctype)
    if (hidden.length === 0) return document
    // A Frappe empties what the caller may not see, and an empty number is 0.
    const zero = this.traits.frappe ? hidden.filter((field) => typeof document[field] === 'number') : []
    return { ...without(document, hidden), ...Object.fromEntries(zero.map((field) => [field, 0])) }
  }

  #held(caller: FakeCaller, doctype: string, name: string, right: Right): FakeDocument {
    if (!this.documents.knows(doctype) && this.traits.frappe)
      throw new FrappeError('ImportError', `Module import failed for ${doctype}`, { status: 500 })
    this.permit(caller, doctype, right)
    const document = this.documents.read(doctype, name)
    if (document === undefined) throw notFound(doctype, name)
    if (!this.#sees(caller, doctype, document, right)) throw notPermitted(`You may not ${right} ${doctype} ${name}`)
    return document
  }

  #sees(caller: FakeCaller, doctype: string, document: FakeDocument, right: Right): boolean {
    if (this.documents.isHidden(doctype, asText(document['name']), caller.user.name)) return false
    return (
      document['owner'] === caller.user.name || this.#granting(caller, doctype, right, 0).some((row) => Number(row['if_owner'] ?? 0) === 0)
    )
  }

  /** The rows of the DocType's permissions that give this caller the right. */
  #granting(caller: FakeCaller, doctype: string, right: Right, level: number): readonly Readonly<Record<string, unknown>>[] {
    const rows = this.documents.doctype(doctype)?.permissions
    if (rows === undefined || caller.user.name === 'Administrator') return [{}]
    const roles = [...caller.user.roles, 'All', 'Guest']
    const names = right === 'select' ? ['select', 'read'] : [right]
    return rows.filter(
      (row) =>
        roles.includes(asText(row['role'])) &&
        Number(row['permlevel'] ?? 0) === level &&
        names.some((name) => Number(row[name] ?? 0) === 1),
    )
  }

  #hidden(caller: FakeCaller, doctype: string): string[] {
    return (this.documents.doctype(doctype)?.fields ?? [])
      .filter(({ permlevel = 0 }) => permlevel > 0 && this.#granting(caller, doctype, 'read', permlevel).length === 0)
      .map(({ fieldname }) => fieldname)
  }

  insert(caller: FakeCaller, doctype: string, values: Values): FakeDocument {
    if (!this.documents.knows(doctype)) throw new FrappeError('DoesNotExistError', `DocType ${doctype} not found`)
    this.permit(caller, doctype, 'create')
    this.#validate(doctype, values)
    const name = values['name'] ?? this.documents.nameOf(doctype, values)
    if (this.documents.read(doctype, asText(name)) !== undefined)
      throw new FrappeError('DuplicateEntryError', `${doctype} ${asText(name)} already exists`)
    return this.documents.set(doctype, { ...withoutOwn(values), name }, { user: caller.user.name })
  }

  update(caller: FakeCaller, doctype: string, name: string, values: Values): FakeDocument {
    this.#held(caller, doctype, name, 'read')
    const before = this.#held(caller, doctype, name, 'write')
    if (values['modified'] !== undefined && values['modified'] !== before['modified'])
      throw new FrappeError('TimestampMismatchError', 'The document was modified after you opened it: read it again')
    if (values['name'] !== undefined && values['name'] !== before['name']) throw notFound(doctype, asText(values['name']))
    this.#permitTransition(caller, doctype, before, values)
    this.#validate(doctype, { ...before, ...values })
    return this.#written(caller, doctype, before, values)
  }

  #permitTransition(caller: FakeCaller, doctype: string, before: FakeDocument, values: Values): void {
    const [from, to] = [Number(before['docstatus']), Number(values['docstatus'] ?? before['docstatus'])]
    if (from === 2) throw new FrappeError('ValidationError', 'A cancelled document cannot be changed')
    if (to !== from && to !== from + 1) throw new FrappeError('DocstatusTransitionError', `A document cannot go from ${from} to ${to}`)
    if (to !== from) this.permit(caller, doctype, to === 1 ? 'submit' : 'cancel')
    if (from !== 1 || to !== 1) return
    for (const field of this.documents.doctype(doctype)?.fields ?? []) {
      const isFixed = Number(field.allow_on_submit ?? 0) === 0 && field.fieldname in values
      if (isFixed && !isTable(field) && asText(values[field.fieldname]) !== asText(before[field.fieldname]))
        throw new FrappeError('UpdateAfterSubmitError', `Not allowed to change ${field.fieldname} after submission`)
    }
  }

  /** At a Frappe a row whose name is not known is shown in the answer, and stored nowhere. */
  #written(caller: FakeCaller, doctype: string, before: FakeDocument, values: Values): FakeDocument {
    const lost = new Map<string, unknown[]>()
    for (const field of this.documents.doctype(doctype)?.fields.filter(isTable) ?? []) {
      const rows = values[field.fieldname]
      if (!Array.isArray(rows)) continue
      const known = (before[field.fieldname] as FakeDocument[]).map((row) => row['name'])
      const strange = rows.some((row) => isRecord(row) && row['name'] !== undefined && !known.includes(row['name']))
      if (strange && !this.traits.frappe) throw new FrappeError('ValidationError', `${doctype}: a row has a name that is not known`)
      if (strange)
        lost.set(
          field.fieldname,
          rows.filter((row) => !isRecord(row) || row['name'] === undefined || known.includes(row['name'])),
        )
    }
    const answer = { ...this.documents.set(doctype, { ...withoutOwn(values), name: before['name'] }, { user: caller.user.name }) }
    if (lost.size > 0) this.documents.set(doctype, { ...Object.fromEntries(lost), name: before['name'] }, { quietly: true })
    return answer
  }

  remove(caller: FakeCaller, doctype: string, name: string): void {
    const document = this.#held(caller, doctype, name, 'delete')
    if (document['docstatus'] === 1) throw new FrappeError('ValidationError', `${doctype} ${name}: cancel it first`)
    if (this.documents.isLinked(doctype, name))
      throw new FrappeError('LinkExistsError', `${doctype} ${name} is linked with another document`)
    this.documents.remove(doctype, name)
  }

  #validate(doctype: string, values: Values): void {
    for (const field of this.documents.doctype(doctype)?.fields ?? []) {
      const value = values[field.fieldname]
      const isEmpty = value === undefined || value === null || value === ''
      if (isEmpty && Number(field.reqd ?? 0) === 1 && !field.default)
        throw new FrappeError('MandatoryError', `Value missing for ${doctype}: ${field.label ?? field.fieldname}`)
      if (field.fieldtype === 'Link' && !isEmpty) this.#checkLink(field.options ?? '', value)
      if (field.fieldtype === 'Select' && !isEmpty && field.options && !field.options.split('\n').includes(asText(value)))
        throw new FrappeError('ValidationError', `${field.label ?? field.fieldname} cannot be ${asText(value)}`)
      if (isTable(field) && Array.isArray(value)) for (const row of value.filter(isRecord)) this.#validate(field.options ?? '', row)
    }
  }

  #checkLink(doctype: string, name: unknown): void {
    if (this.documents.doctype(doctype) === undefined || this.documents.read(doctype, asText(name)) !== undefined) return
    throw new FrappeError('LinkValidationError', `Could not find ${doctype}: ${asText(name)}`)
  }
}

function checkScopes(scopes: ScopeSet, doctype: string, right: Right): void {
  if (scopes.names(doctype, right) || scopes.opensEvery(right)) return
  const headers = { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${documentScope(doctype, right)}"` }
  throw new FrappeError('PermissionError', 'The token does not cover this', { headers })
}

const without = (document: FakeDocument, fields: readonly string[]): FakeDocument =>
  Object.fromEntries(Object.entries(document).filter(([field]) => !fields.includes(field)))

/** What a caller may not set. */
const withoutOwn = ({ owner: _owner, creation: _creation, modified: _modified, modified_by: _by, ...values }: Values): Values => values
