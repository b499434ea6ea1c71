import { isRight } from '@annex/protocol'
import { CLOSED_DOCUMENT_METHODS, HTTP_METHODS, OWN_DOCUMENT_METHODS, documentMethodName, type HttpMethod } from '../backend/method.ts'
import { HooksError, placeInStack, shownPlace } from './place.ts'
import {
  EVENT_NAMES,
  type Call,
  type DocumentCall,
  type DocumentEvent,
  type EventName,
  type Found,
  type MethodOptions,
  type QueryOptions,
  type Search,
  type SiteHooks,
} from './site-hooks.ts'

export interface RegisteredEvent {
  readonly doctype: string
  readonly event: EventName
  readonly handler: (event: DocumentEvent) => unknown
  readonly place: string
}

type Rights = NonNullable<QueryOptions['rights']>

interface Whitelisted {
  readonly name: string
  readonly httpMethods: readonly HttpMethod[]
  readonly guest: boolean
  readonly rights: Rights
  readonly place: string
}

export interface RegisteredMethod extends Whitelisted {
  readonly handler: (call: Call) => unknown
}

export interface RegisteredDocumentMethod extends Whitelisted {
  readonly doctype: string
  readonly handler: (call: DocumentCall) => unknown
}

export interface RegisteredQuery extends Whitelisted {
  readonly handler: (search: Search) => Found | Promise<Found>
}

/** A dotted name as a `method:` scope may name it. */
const METHOD_NAME = /^[A-Za-z_]\w*(?:\.\w+)+$/
const DOCUMENT_METHOD_NAME = /^[A-Za-z_]\w*$/

/** Takes what the modules of one folder register, and refuses what cannot work by its file and line. */
export class Registrar {
  readonly events: RegisteredEvent[] = []
  readonly methods: RegisteredMethod[] = []
  readonly documentMethods: RegisteredDocumentMethod[] = []
  readonly queries: RegisteredQuery[] = []
  readonly #folder: string
  #open = true

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Afterwards nothing more is taken: a site does not change under its callers. */
  close(): void {
    this.#open = false
  }

  /** What one module is given. Types may be wrong in code that was never checked, so everything is looked at. */
  siteFor(path: string): SiteHooks {
    return {
      on: (doctype, event, handler) => {
        const place = this.#place(path)
        const known = checkEvent(place, doctype, event)
        this.events.push({ doctype, event: known, handler: checkHandler(place, handler) as RegisteredEvent['handler'], place })
      },
      method: (name, options, handler) => {
        const place = this.#place(path)
        const httpMethods = checkHttpMethods(place, options, HTTP_METHODS)
        const whitelisted = { ...this.#whitelisted(place, checkName(place, name), options), httpMethods }
        this.methods.push({ ...whitelisted, handler: checkHandler(place, handler) })
      },
      documentMethod: (doctype, name, options, handler) => {
        const place = this.#place(path)
        const httpMethods = checkHttpMethods(place, options, ['GET', 'POST'])
        const whitelisted = this.#whitelisted(place, checkDocumentMethodName(place, doctype, name), { ...options, guest: false })
        this.documentMethods.push({
          ...whitelisted,
          httpMethods,
          doctype,
          handler: checkHandler(place, handler) as RegisteredDocumentMethod['handler'],
        })
      },
      linkQuery: (name, options, handler) => {
        const place = this.#place(path)
        const whitelisted = this.#whitelisted(place, checkName(place, name), options)
        this.queries.push({ ...whitelisted, httpMethods: ['GET', 'POST'], handler: checkHandler(place, handler) })
      },
    }
  }

  #place(path: string): string {
    const place = placeInStack(this.#folder, new Error().stack) ?? shownPlace(this.#folder, path)
    if (!this.#open) throw new HooksError(place, 'hooks are registered while the site starts, not later')
    return place
  }

  #whitelisted(place: string, name: string, options: unknown): Omit<Whitelisted, 'httpMethods'> {
    if (/^frappe\./i.test(name)) throw new HooksError(place, `${name} is taken: names that begin with frappe. are the site’s own`)
    const taken = [...this.methods, ...this.documentMethods, ...this.queries].find((method) => method.name === name)
    if (taken) throw new HooksError(place, `${name} is taken: ${taken.place} registers it too`)
    const { guest = false, rights = 'undeclared' } = checkOptions(place, options)
    if (typeof guest !== 'boolean') throw new HooksError(place, 'guest must be true or false')
    return { name, guest, rights: checkRights(place, rights), place }
  }
}

function checkName(place: string, name: unknown): string {
  if (typeof name === 'string' && METHOD_NAME.test(name)) return name
  throw new HooksError(place, `"${String(name).slice(0, 140)}" is no dotted name; write one such as my_app.api.total`)
}

function checkDocumentMethodName(place: string, doctype: unknown, name: unknown): string {
  if (typeof name !== 'string' || !DOCUMENT_METHOD_NAME.test(name))
    throw new HooksError(place, `"${String(name).slice(0, 140)}" is no name of a document’s method; write one such as block`)
  if ((OWN_DOCUMENT_METHODS as readonly string[]).includes(name) || CLOSED_DOCUMENT_METHODS.has(name))
    throw new HooksError(place, `${name} is taken: every document has it`)
  return documentMethodName(checkDocType(place, doctype), name)
}

function checkDocType(place: string, doctype: unknown): string {
  if (typeof doctype === 'string' && doctype !== '') return doctype
  throw new HooksError(place, 'name the DocType first, such as "Customer"')
}

function checkEvent(place: string, doctype: unknown, event: unknown): EventName {
  checkDocType(place, doctype)
  const known = EVENT_NAMES.find((name) => name === event)
  if (known) return known
  throw new HooksError(place, `there is no event ${String(event).slice(0, 60)}; use one of ${EVENT_NAMES.join(', ')}`)
}

function checkHandler<T>(place: string, handler: T): T {
  if (typeof handler === 'function') return handler
  throw new HooksError(place, 'the last argument must be a function')
}

function checkOptions(place: string, options: unknown): MethodOptions {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw new HooksError(place, 'the second argument must be an object of options; {} for none')
}

function checkHttpMethods(place: string, options: unknown, possible: readonly HttpMethod[]): readonly HttpMethod[] {
  const { methods = ['POST'] } = checkOptions(place, options)
  if (Array.isArray(methods) && methods.length > 0 && methods.every((method) => possible.includes(method))) return methods
  throw new HooksError(place, `methods must be a list of ${possible.slice(0, -1).join(', ')} and ${possible.at(-1)}`)
}

function checkRights(place: string, rights: Rights): Rights {
  if (rights === 'open' || rights === 'verbs' || rights === 'undeclared') return rights
  const isList = Array.isArray(rights) && rights.every((need) => typeof need?.doctype === 'string' && isRight(need.right))
  if (isList) return rights
  throw new HooksError(place, 'rights must be "verbs", "open", "undeclared" or a list such as [{ doctype: "Item", right: "read" }]')
}
