import type { DocField, DocType, Document, Filter, LinkMatch, Right, Values } from '@annex/protocol'
import {
  FrappeError,
  documentScope,
  isTreeOperator,
  parseFieldExpression,
  parseGroupBy,
  parseOrderBy,
  readScope,
  type FieldPath,
} from '@annex/protocol'
import type { Principal, TokenRights } from '../policy/principal.ts'
import type {
  Backend,
  CallRequest,
  CountRequest,
  DocumentId,
  LinkSearchRequest,
  ListRequest,
  RenameOptions,
  Row,
  UpdateRequest,
} from './backend.ts'
import { doctypeOfEach } from './backend.ts'
import { attachedTo } from './attached.ts'
import { beyondInUse } from '../doctypes/definition/filters-in-use.ts'
import { judgedBy, tokenCovers } from '../policy/covers.ts'
import { isShownInLinks } from '../policy/field-levels.ts'
import { callMethod, type Method } from './method.ts'
import { Refusals, UNKNOWN_DOCTYPE, rememberingBackend, type Remember } from './refusals.ts'

export interface GuardParts {
  readonly backend: Backend
  /** The DocType as this site knows it now; undefined when there is none. */
  readonly doctypeOf: (name: string) => DocType | undefined
  /** DocTypes that have the child table among their rows. */
  readonly parentsOf: (child: string) => readonly string[]
  readonly methods: ReadonlyMap<string, Method>
  /** Remembers a refusal, outside the transaction that it undid; awaited, so that none is lost. */
  readonly onRefusal: Remember
  /** What the caller's token opens besides its scopes: a document of its own, for apps of old; undefined for all others. */
  readonly ownDocument?: (principal: Principal, id: DocumentId) => Promise<Document | undefined> | undefined
  /** Where a client finds out whom to ask for more (RFC 9728). */
  readonly resourceMetadata: () => string
  /** Told of each right that a token opened; the DocType is one of this site, or else empty, or `method:` and the name of one. */
  readonly onUse?: (token: TokenRights, doctype: string, right: Right | 'call') => void
}

/** Columns that repeat beside a document what other documents say of it. */
const MIRRORED: ReadonlyMap<string, readonly string[]> = new Map([
  ['_comments', ['Comment']],
  ['_assign', ['ToDo']],
])

/**
 * A Backend that lets an access token reach what its scopes cover and nothing else.
 *
 * A principal without a token passes: permissions alone judge it, behind this seam.
 *
 * @throws {FrappeError} `PermissionError` with a `WWW-Authenticate` that names the missing scope
 * @see RFC 6750 section 3.1
 */
export class Guard implements Backend {
  readonly #parts: GuardParts
  readonly #refusals: Refusals
  /** What stands behind; what it refuses is remembered, too. */
  readonly #backend: Backend

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#refusals = new Refusals(parts.onRefusal)
    this.#backend = rememberingBackend(parts.backend, this.#refusals, (name) => parts.doctypeOf(name) !== undefined)
  }

  async doctype(principal: Principal, name: string): Promise<DocType> {
    await this.#require(principal, name, 'select', 'read the definition of', true)
    return this.#backend.doctype(principal, name)
  }

  async read(principal: Principal, id: DocumentId): Promise<Document> {
    const reading = principal.token && this.#parts.ownDocument?.(principal, id)
    const own = reading && (await reading)
    if (own) return own
    const refusing = this.#require(principal, id.doctype, 'read', 'read')
    if (refusing) await refusing
    return this.#backend.read(principal, id)
  }

  async list(principal: Principal, request: ListRequest): Promise<Row[]> {
    if (principal.token) await this.#requireList(principal, request)
    return this.#backend.list(principal, request)
  }

  async count(principal: Principal, request: CountRequest): Promise<number> {
    if (principal.token) await this.#requireList(principal, request)
    return this.#backend.count(principal, request)
  }

  async searchLink(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
    await this.#require(principal, request.doctype, 'select', 'search', request.doctype === 'DocType')
    if (principal.token) await this.#requireFilters(principal, request)
    return this.#backend.searchLink(principal, request)
  }

  /** What is matched by a field is told of that field: with the scope to see names, only what a link field shows may be asked by. */
  async #requireFilters(principal: Principal, { doctype, filters = [], searchField = 'name' }: LinkSearchRequest): Promise<void> {
    const paths = [...filters.map(filterPath), { fieldname: searchField }]
    const known = this.#parts.doctypeOf(doctype)
    const asked = known ? beyondInUse(known, filters) : filters
    if (asksBeyondLinks(known, [...asked.map(filterPath), { fieldname: searchField }], asked))
      await this.#require(principal, doctype, 'read', 'search')
    await this.#requireTargets(principal, doctype, paths, 'search', filters)
  }

  async insert(principal: Principal, doctype: string | readonly string[], documents: readonly Values[]): Promise<Document[]> {
    const each = doctypeOfEach(doctype, documents)
    for (const name of new Set(each)) {
      const ofIt = documents.filter((_, index) => each[index] === name)
      if (this.#isRow(name)) {
        await this.#require(principal, name, 'write', 'update')
        for (const values of ofIt) await this.#requireRow(principal, values)
        continue
      }
      await this.#require(principal, name, 'create', 'create')
      if (ofIt.some((values) => Number(values['docstatus'] ?? 0) > 0)) await this.#require(principal, name, 'submit', 'submit')
      if (ofIt.some((values) => Boolean(values['amended_from']))) await this.#require(principal, name, 'amend', 'amend')
      for (const values of ofIt) await this.#requireAttached(principal, name, values)
    }
    return this.#backend.insert(principal, doctype, documents)
  }

  async update(principal: Principal, request: UpdateRequest): Promise<Document> {
    await this.#require(principal, request.doctype, 'write', 'update')
    const docstatus = Number(request.values['docstatus'] ?? 0)
    if (docstatus === 1) await this.#require(principal, request.doctype, 'submit', 'submit')
    if (docstatus === 2) await this.#require(principal, request.doctype, 'cancel', 'cancel')
    const { file_url: _, ...attaching } = request.values
    await this.#requireAttached(principal, request.doctype, attaching)
    if (principal.token && this.#isRow(request.doctype)) await this.#requireRow(principal, await this.#backend.read(principal, request))
    return this.#backend.update(principal, await this.#asItStands(principal, request))
  }

  #isRow(doctype: string): boolean {
    return this.#parts.doctypeOf(doctype)?.istable === true
  }

  /** To add, change or remove a row is to change its document; once that is submitted, it takes the scope to submit it. */
  async #requireRow(principal: Principal, { parent, parenttype }: Values): Promise<void> {
    const { token } = principal
    if (!token || (typeof parent !== 'string' && typeof parent !== 'number') || typeof parenttype !== 'string') return
    if (this.#parts.doctypeOf(parenttype)?.is_submittable !== true || this.#covers(token, parenttype, 'submit', false)) return
    const { docstatus } = await this.#backend.read(principal, { doctype: parenttype, name: String(parent) })
    if (docstatus === 1) await this.#require(principal, parenttype, 'submit', 'submit')
  }

  async #requireAttached(principal: Principal, doctype: string, values: Values): Promise<void> {
    const target = await this.#refusals.remembering(principal, 'attach a file', async () => attachedTo(principal, doctype, values))
    if (target !== undefined) await this.#require(principal, target, 'write', 'attach a file to')
  }

  /**
   * What was submitted changes with the scope to submit alone. Without it the request comes back with the docstatus
   * that was seen, so that a document which is submitted before the change is made refuses it.
   */
  async #asItStands(principal: Principal, request: UpdateRequest): Promise<UpdateRequest> {
    const { doctype, name, values } = request
    const { token } = principal
    const isSubmittable = this.#parts.doctypeOf(doctype)?.is_submittable === true
    const says = ![undefined, null, ''].includes(values['docstatus'] as string | null | undefined)
    if (!token || !isSubmittable || says || this.#covers(token, doctype, 'submit', false)) return request
    const { docstatus } = await this.#backend.read(principal, { doctype, name })
    if (docstatus === 1) await this.#require(principal, doctype, 'submit', 'submit')
    return { ...request, values: { ...values, docstatus } }
  }

  async setDocstatus(principal: Principal, id: DocumentId, docstatus: 1 | 2): Promise<Document> {
    const right = docstatus === 1 ? 'submit' : 'cancel'
    await this.#require(principal, id.doctype, right, right)
    return this.#backend.setDocstatus(principal, id, docstatus)
  }

  async rename(principal: Principal, id: DocumentId, newName: string, options?: RenameOptions): Promise<string> {
    await this.#require(principal, id.doctype, 'write', 'rename')
    if (options?.merge === true) await this.#require(principal, id.doctype, 'delete', 'merge')
    return this.#backend.rename(principal, id, newName, options)
  }

  async remove(principal: Principal, id: DocumentId): Promise<void> {
    const isRow = this.#isRow(id.doctype)
    await this.#require(principal, id.doctype, isRow ? 'write' : 'delete', 'remove')
    if (principal.token && isRow) await this.#requireRow(principal, await this.#backend.read(principal, id))
    return this.#backend.remove(principal, id)
  }

  async call(principal: Principal, request: CallRequest): Promise<unknown> {
    const method = this.#parts.methods.get(request.method)
    if (method && principal.token) await this.#requireMethod(principal, principal.token, method, request)
    const act = method?.name ?? 'an unknown method'
    return this.#refusals.remembering(principal, act, () => callMethod(this.#parts.methods, this, principal, request))
  }

  async #requireMethod(principal: Principal, token: TokenRights, method: Method, { httpMethod, args }: CallRequest): Promise<void> {
    if (method.documentsOf !== undefined)
      await this.#require(principal, method.documentsOf, httpMethod === 'GET' ? 'read' : 'write', method.name)
    if (token.scopes.opensMethod(method.name)) return this.#parts.onUse?.(token, `method:${method.name}`, 'call')
    if (method.rights === 'open' || method.rights === 'verbs') return
    const rights = typeof method.rights === 'function' ? method.rights(args, principal) : method.rights
    if (rights === 'undeclared') {
      if (token.scopes.all && token.unfenced) return this.#parts.onUse?.(token, `method:${method.name}`, 'call')
      throw await this.#refuse(principal, `method:${method.name}`, method.name)
    }
    for (const { doctype, right } of rights) await this.#require(principal, doctype, right, method.name)
  }

  /** The list's own DocType, and every DocType that its fields, order or groups reach through a link. */
  async #requireList(principal: Principal, request: ListRequest & CountRequest): Promise<void> {
    const filters = [...(request.filters ?? []), ...(request.orFilters ?? [])]
    await this.#require(principal, this.#listed(request), this.#rightToList(principal, request, filters), 'list')
    await this.#requireTargets(principal, request.doctype, listPaths(request, filters), 'list', filters)
  }

  /**
   * With the scope to see names alone a list is one of what a link field shows, as for a user who may select and not read: where it
   * is read, fields beyond that are left out, and an order by them is refused. Whoever compares with such a field asks to read.
   */
  #rightToList({ token }: Principal, { doctype, groupBy }: ListRequest & CountRequest, filters: readonly Filter[]): Right {
    const isOfNames = token && !this.#isRow(doctype) && !this.#covers(token, doctype, 'read', false)
    if (!isOfNames || !this.#covers(token, doctype, 'select', false)) return 'read'
    const paths = [...filters.map(filterPath), ...(groupBy ? parseGroupBy(groupBy) : [])]
    return asksBeyondLinks(this.#parts.doctypeOf(doctype), paths, filters) ? 'read' : 'select'
  }

  async #requireTargets(
    principal: Principal,
    doctype: string,
    paths: readonly FieldPath[],
    act: string,
    filters: readonly Filter[],
  ): Promise<void> {
    const trees = filters.filter((filter) => isTreeOperator(filter.operator)).flatMap((filter) => this.#treeOf(doctype, filter))
    const beyond = paths.filter(({ via, fieldname }) => via !== undefined || MIRRORED.has(fieldname))
    if (beyond.length === 0 && trees.length === 0) return
    const reached = beyond.flatMap((path) => [...this.#linkTarget(doctype, path), ...(MIRRORED.get(path.fieldname) ?? [])])
    const targets = new Set([...reached, ...trees])
    for (const target of targets) await this.#require(principal, target, 'read', act)
  }

  /** Rows of a child table are judged by the parent that was named, when the table is really one of its own. */
  #listed(request: ListRequest): string {
    const { doctype, parent } = request
    if (parent === undefined || this.#parts.doctypeOf(doctype)?.istable !== true) return doctype
    return this.#parts.parentsOf(doctype).includes(parent) ? parent : doctype
  }

  #linkTarget(doctype: string, path: FieldPath): string[] {
    const field = path.via === undefined ? undefined : this.#fieldOf(doctype, path.via)
    return field?.fieldtype === 'Link' ? [field.options] : []
  }

  /** The tree that the filter walks, when its field is a link to one: of the list's own documents, of their rows, or behind a link. */
  #treeOf(doctype: string, filter: Filter): string[] {
    const { via, fieldname } = filterPath(filter)
    const holder = via === undefined ? (filter.doctype ?? doctype) : this.#fieldOf(doctype, via)?.options
    return holder === undefined ? [] : this.#linkTarget(holder, { via: fieldname, fieldname: 'name' })
  }

  #fieldOf(doctype: string, fieldname: string): DocField | undefined {
    return this.#parts.doctypeOf(doctype)?.fields.find((candidate) => candidate.fieldname === fieldname)
  }

  /** Nothing, at once, where the scope is there: most calls pass here, and none waits for what is known. */
  #require(principal: Principal, doctype: string, right: Right, act: string, definition = false): Promise<void> | undefined {
    const { token } = principal
    if (!token) return undefined
    const named = this.#judgedBy(doctype)
    const missing = named.filter((name) => !this.#covers(token, name, right, definition))
    const known = this.#parts.doctypeOf(doctype) !== undefined
    if (missing.length > 0 && !(definition && missing.length < named.length))
      return this.#throwRefusal(principal, documentScope(missing[0] ?? doctype, right), known ? `${act} ${doctype}` : undefined)
    this.#parts.onUse?.(token, known ? doctype : '', right)
    return undefined
  }

  async #throwRefusal(principal: Principal, asked: string, act: string | undefined): Promise<never> {
    throw await this.#refuse(principal, asked, act)
  }

  /** A child table follows its parents; whose a row is shows only when it is read, so its documents need the scopes of all. */
  #judgedBy(doctype: string): readonly string[] {
    return this.#isRow(doctype) ? judgedBy(doctype, true, this.#parts.parentsOf(doctype)) : [doctype]
  }

  /** `definition`: names and shapes of DocTypes are open through the fence, their documents are not. */
  #covers(token: TokenRights, doctype: string, right: Right, definition: boolean): boolean {
    return this.#filtersStand(token) && tokenCovers(token, doctype, this.#parts.doctypeOf(doctype)?.id, right, definition)
  }

  /** A DocType that was renamed or removed leaves its filter without anything to hold back: the token opens nothing then. */
  #filtersStand({ rowFilters }: TokenRights): boolean {
    return rowFilters === undefined || [...rowFilters.keys()].every((name) => this.#parts.doctypeOf(name) !== undefined)
  }

  /**
   * What is no scope by its form cannot be asked for, and has no place in a header.
   *
   * @param act - undefined for a DocType that is not here
   */
  #refuse(principal: Principal, asked: string, act: string | undefined): Promise<FrappeError> {
    const scope = readScope(asked) === undefined ? undefined : asked
    const named = scope === undefined ? '' : `, scope="${scope}"`
    const challenge = `Bearer error="insufficient_scope", error_description="This token does not cover it"${named}, resource_metadata="${this.#parts.resourceMetadata()}"`
    const error = new FrappeError('PermissionError', `This app was not granted ${scope ?? 'this'}; ask the user for it`, {
      errorMessage: true,
      headers: { 'www-authenticate': challenge },
    })
    const known = act === undefined ? { scope: undefined, act: UNKNOWN_DOCTYPE } : { scope, act }
    return this.#refusals.remember(error, { principal, lacking: 'scope', ...known })
  }
}

function listPaths(request: ListRequest & CountRequest, filters: readonly Filter[]): FieldPath[] {
  const paths = filters.map(filterPath)
  for (const text of request.fields ?? []) {
    const field = parseFieldExpression(text)
    if (field.kind !== 'all') paths.push(field.path)
  }
  for (const { path } of parseOrderBy(request.orderBy)) paths.push(path)
  return request.groupBy ? [...paths, ...parseGroupBy(request.groupBy)] : paths
}

/** Whether documents are matched by more than a link field shows of them; what lies behind a link is judged there. */
const asksBeyondLinks = (doctype: DocType | undefined, paths: readonly FieldPath[], filters: readonly Filter[]): boolean =>
  filters.some((filter) => isTreeOperator(filter.operator)) ||
  paths.some(({ via, fieldname }) => via === undefined && !(doctype ? isShownInLinks(doctype, fieldname) : fieldname === 'name'))

function filterPath(filter: Filter): FieldPath {
  const dot = filter.fieldname.indexOf('.')
  return dot < 0 ? { fieldname: filter.fieldname } : { via: filter.fieldname.slice(0, dot), fieldname: filter.fieldname.slice(dot + 1) }
}
