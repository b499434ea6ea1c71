import type { DocType, Document } from '@annex/protocol'
import type { Method } from '../backend/method.ts'
import type { Controller } from '../doctypes/controller.ts'
import type { Principal } from '../policy/principal.ts'
import { eventController, runAfterRename, type EventParts } from './event-controller.ts'
import { hookedDocumentMethod, hookedMethod, hookedQuery } from './hooked-methods.ts'
import { HooksError } from './place.ts'
import type { RegisteredDocumentMethod, RegisteredEvent, RegisteredMethod, RegisteredQuery } from './registrar.ts'

interface Registered {
  readonly events: readonly RegisteredEvent[]
  readonly methods: readonly RegisteredMethod[]
  readonly documentMethods: readonly RegisteredDocumentMethod[]
  readonly queries: readonly RegisteredQuery[]
}

interface Renamed {
  readonly act: string
  readonly doctype: DocType
  readonly principal: Principal
  readonly document: Document
  readonly previous?: Document
}

/** All that the modules of the hooks folder registered. */
export class Hooks {
  readonly #registered: Registered

  constructor(registered: Registered) {
    this.#registered = registered
  }

  /** Whitelisted methods, those of documents and link queries, as the backend calls them. */
  get methods(): Method[] {
    const { methods, documentMethods, queries } = this.#registered
    return [...methods.map(hookedMethod), ...documentMethods.map(hookedDocumentMethod), ...queries.map(hookedQuery)]
  }

  get #whitelisted(): (RegisteredMethod | RegisteredDocumentMethod | RegisteredQuery)[] {
    const { methods, documentMethods, queries } = this.#registered
    return [...methods, ...documentMethods, ...queries]
  }

  /** @throws {HooksError} when the site has a method of one of these names itself */
  refuseTaken(names: Iterable<string>): void {
    const taken = new Set(names)
    const clash = this.#whitelisted.find(({ name }) => taken.has(name))
    if (clash) throw new HooksError(clash.place, `${clash.name} is taken: it is one of the site’s own methods`)
  }

  /**
   * Whether what is registered can ever happen. Asked when the site begins to listen: commands that make the DocTypes
   * work before.
   *
   * @throws {HooksError} for a DocType that is not here or whose documents are not written by themselves
   */
  refuseUnknown(doctypeOf: (name: string) => DocType | undefined): void {
    for (const { doctype, event, place } of this.#registered.events) {
      const known = knownAt(place, doctype, doctypeOf)
      if (known.istable) throw new HooksError(place, `${doctype} is a child table: its rows change with their document, so use its events`)
      if (known.virtual || (event === 'after_rename' && !known.allow_rename))
        throw new HooksError(place, `${event} never happens to a ${doctype}`)
    }
    for (const { doctype, place } of this.#registered.documentMethods) {
      const known = knownAt(place, doctype, doctypeOf)
      if (known.istable || known.virtual) throw new HooksError(place, `${doctype} has no documents of its own to call a method of`)
    }
    for (const { rights, place } of this.#whitelisted) {
      const unknown = typeof rights === 'string' ? undefined : rights.find(({ doctype }) => doctypeOf(doctype) === undefined)
      if (unknown) throw new HooksError(place, `rights name the DocType ${unknown.doctype}, which is not on this site`)
    }
  }

  /** The site's controllers with the events around them: events run first, so that what they make is judged like anything sent. */
  around(controllers: ReadonlyMap<string, Controller>, parts: EventParts): Map<string, Controller> {
    const all = new Map(controllers)
    for (const [doctype, events] of this.#byDocType()) all.set(doctype, around(all.get(doctype), eventController(events, parts)))
    return all
  }

  /** For the listeners of changes: tells renames. */
  listener(parts: EventParts): (event: Renamed) => Promise<void> {
    const byDocType = this.#byDocType()
    return async ({ act, doctype, principal, document, previous }) => {
      const events = act === 'rename' ? byDocType.get(doctype.name) : undefined
      if (events) await runAfterRename(events, { doctype, document, user: principal.user, ...(previous ? { previous } : {}) }, parts)
    }
  }

  #byDocType(): Map<string, RegisteredEvent[]> {
    return Map.groupBy(this.#registered.events, ({ doctype }) => doctype)
  }
}

function knownAt(place: string, doctype: string, doctypeOf: (name: string) => DocType | undefined): DocType {
  const known = doctypeOf(doctype)
  if (known) return known
  throw new HooksError(place, `there is no DocType ${doctype} on this site; make it, or import its file first`)
}

/** @throws {HooksError} one sentence that begins with the file and line at fault */
export async function openHooks(folder: string | undefined): Promise<Hooks> {
  if (folder === undefined) return new Hooks({ events: [], methods: [], documentMethods: [], queries: [] })
  const { loadHooks } = await import('./load-hooks.ts')
  return new Hooks(await loadHooks(folder))
}

type Step = 'beforeInsert' | 'beforeUpdate' | 'afterInsert' | 'afterUpdate' | 'beforeRemove' | 'afterRemove'

const both =
  (step: Step, first: Controller | undefined, second: Controller | undefined): NonNullable<Controller[Step]> =>
  async (change) => {
    await first?.[step]?.(change)
    await second?.[step]?.(change)
  }

function around(core: Controller | undefined, events: Controller): Controller {
  return {
    ...core,
    beforeInsert: both('beforeInsert', events, core),
    beforeUpdate: both('beforeUpdate', events, core),
    beforeRemove: both('beforeRemove', events, core),
    afterInsert: both('afterInsert', core, events),
    afterUpdate: both('afterUpdate', core, events),
    afterRemove: both('afterRemove', core, events),
  }
}
