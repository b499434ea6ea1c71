import type { Room, RoomParts } from '../connector/room.ts'
import { DocumentChanges } from './document-changes.ts'
import { hashOf } from './hashing.ts'
import { doctypeIn, readClaim } from './hints.ts'
import { InboxWorker } from './inbox/inbox-worker.ts'
import { receive, type Letter } from './receiver.ts'
import { judgeSignature, textOf, type Signed, type SignedBy } from './schemes.ts'
import type { WebhookOptions } from './webhook-options.ts'

/** Frappe sends JSON whatever it calls it: nothing at all, or, when set up in its form, what a form would be. */
const TAKEN = /^(?:|application\/json|application\/[\w.+-]+\+json|application\/x-www-form-urlencoded|text\/plain)$/

/** Hears of changed documents: `POST <base>/webhook/<DocType>`, and `POST <base>/webhook` for bodies that name theirs. */
export function webhooksRoom(parts: RoomParts, options: WebhookOptions): Room {
  const { store, basePath, clock, log, connection } = parts
  const path = `${basePath}/webhook`
  const changes = new DocumentChanges({
    store,
    options,
    clock,
    log,
    read: (person, doctype, name, signal) => connection(person).client.read(doctype, name, { signal }),
    refresh: async (person, doctype, name) => (await connection(person).docnames.refresh(doctype, [name]))[0],
  })
  const worker = new InboxWorker({ ...parts, inbox: store.inbox }, { document: (entry, signal) => changes.work(entry, signal) })
  const letters = new Letters(parts, options, path)
  const answer = (request: Request): Promise<Response> =>
    receive(request, {
      ...parts,
      inbox: store.inbox,
      takes: (mediaType) => TAKEN.test(mediaType),
      judge: (signed) => letters.judge(new URL(request.url).pathname, signed),
    })
  return {
    routes: [path, `${path}/*`].map((at) => ({ route: { method: 'POST', path: at, body: true }, answer })),
    work: (signal) => worker.work(signal),
  }
}

class Letters {
  readonly #parts: Pick<RoomParts, 'clock' | 'log'>
  readonly #options: WebhookOptions
  readonly #path: string
  #isAdvised = false

  constructor(parts: Pick<RoomParts, 'clock' | 'log'>, options: WebhookOptions, path: string) {
    this.#parts = parts
    this.#options = options
    this.#path = path
  }

  async judge(path: string, signed: Signed): Promise<Letter> {
    const { verdict, by } = await judgeSignature(signed, this.#options, this.#parts.clock())
    if (by === undefined) return { status: 401, why: verdict }
    const step = path.slice(this.#path.length + 1)
    const claim = step !== '' && doctypeIn(step) === undefined ? undefined : readClaim(textOf(signed.body), doctypeIn(step))
    if (claim === undefined) return { status: 400, why: 'malformed' }
    if (this.#options.doctypes?.includes(claim.doctype) === false) return { status: 404, why: 'unknown-doctype' }
    const payload = JSON.stringify(claim)
    if (by.scheme === 'frappe' && claim.modified === null) this.#advise(claim.doctype)
    return {
      entry: { id: await idOf(by, claim, signed.body), kind: 'document', payload },
      again: by.scheme === 'frappe',
    }
  }

  /** Once, while the process lives. */
  #advise(doctype: string): void {
    if (this.#isAdvised) return
    this.#isAdvised = true
    this.#parts.log('webhook-without-modified', {
      doctype,
      advice: 'add the field modified to the webhook at the site: without it a document is read again once a second at most',
    })
  }
}

/**
 * The key by which a repeat is known. Frappe names none, so it is what was sent. It may send two changes alike (what is deleted
 * keeps its `modified`): what comes again once it is done is worked on as well, and tells nobody twice.
 */
async function idOf(
  by: SignedBy,
  { doctype, modified }: { doctype: string; modified: string | null },
  body: Uint8Array<ArrayBuffer>,
): Promise<string> {
  if (by.scheme === 'standard') return `s:${by.id}`
  return `${modified === null ? 'n' : 'f'}:${await hashOf(doctype, body)}`
}
