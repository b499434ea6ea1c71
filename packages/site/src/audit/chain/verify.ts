import type { Connection, Database } from '@annex/database'
import type { AuditRow, BatchRow } from '../audit-tables.ts'
import { commitment } from '../people/commitment.ts'
import { countMissing } from '../people/missing.ts'
import { listPeopleAfter } from '../people/people-store.ts'
import { GENESIS, headAfter, signedCheckpoint, signedHead } from './canonical.ts'
import { countUnsealed, findStrayBatch, listBatches, listMembers, readCheckpoint, readHead, type Head } from './chain-store.ts'
import type { Signer } from './signer.ts'

/** What a look at the whole trail found. */
export interface Verdict {
  readonly batches: number
  readonly rows: number
  /** Rows that no batch has yet: nothing can be said of them. */
  readonly unsealed: number
  /** Batches at the end that are signed with a key which the site's ring does not know: nothing proves them. */
  readonly unproven: number
  /** The end of the chain. Noted elsewhere, it shows later whether the end was cut off. */
  readonly head: Head
  /** Where the trail begins when it was pruned. */
  readonly checkpoint?: { readonly number: number; readonly removed: number }
  /** The head that was noted is of a batch that pruning has removed since: it proves nothing any more. */
  readonly isNotedPruned?: true
  /** The first thing that is wrong; absent when nothing is. */
  readonly fault?: Fault
}

export interface Fault {
  /** Absent when it is in no batch: a name, or a checkpoint. */
  readonly batch?: number
  readonly sentence: string
  /** Whether it is for want of a key that the site knows. */
  readonly isUnproven?: true
}

export interface VerifyOptions {
  /** The end of the chain as it was noted some time ago. */
  readonly expected?: Head
  /** Ids of keys that have left the ring and of which nothing was kept: a batch that names one is proven by a later one alone. */
  readonly lost?: readonly string[]
}

const PAGE = 50

/** Proves the trail, in the state of one moment: each row is in its batch as it was written, and each batch follows on the one before. */
export function verifyTrail(database: Database, signer: Signer, options: VerifyOptions = {}): Promise<Verdict> {
  return database.snapshot((connection) => new Verification(connection, signer, options).run())
}

/**
 * The first thing that is wrong up to a batch, in the state that a transaction sees. A checkpoint in place of that batch hides it for ever,
 * so it is asked before one is signed.
 */
export async function findFault(
  connection: Connection,
  signer: Signer,
  last: number,
  lost?: readonly string[],
): Promise<Fault | undefined> {
  return new Verification(connection, signer, lost ? { lost } : {}).faultUpTo(last)
}

class Verification {
  readonly #connection: Connection
  readonly #signer: Signer
  readonly #expected: Head | undefined
  readonly #lost: readonly string[]
  #head: Head = { number: 0, head: GENESIS }
  #counts = { batches: 0, rows: 0, unproven: 0 }
  #fault: Fault | undefined

  constructor(connection: Connection, signer: Signer, { expected, lost = [] }: VerifyOptions) {
    this.#connection = connection
    this.#signer = signer
    this.#expected = expected
    this.#lost = lost
  }

  async run(): Promise<Verdict> {
    const checkpoint = await this.#begin()
    await this.#follow()
    await this.#end((checkpoint?.number ?? 0) + 1)
    await this.#checkNames()
    await this.#checkErasures()
    return {
      ...this.#counts,
      unsealed: await countUnsealed(this.#connection),
      head: this.#head,
      ...(checkpoint ? { checkpoint } : {}),
      ...(this.#expected && checkpoint && this.#expected.number < checkpoint.number ? { isNotedPruned: true } : {}),
      ...(this.#fault ? { fault: this.#fault } : {}),
    }
  }

  async faultUpTo(last: number): Promise<Fault | undefined> {
    await this.#begin()
    await this.#follow(last)
    this.#checkProven()
    return this.#fault
  }

  /** The first counts: what comes after it follows from it. */
  #note(sentence: string, batch?: number): void {
    this.#fault ??= batch === undefined ? { sentence } : { batch, sentence }
  }

  #noteUnproven(batch: number, why: string): void {
    this.#fault ??= { batch, sentence: `Nothing after batch ${batch - 1} is proven: ${why}`, isUnproven: true }
  }

  async #begin(): Promise<Verdict['checkpoint']> {
    const checkpoint = await readCheckpoint(this.#connection)
    if (!checkpoint) return undefined
    const { number, head, removed, at, key_id: keyId, signature } = checkpoint
    const good = this.#signer.verify(signedCheckpoint(number, head, removed, at), { keyId, signature })
    if (good === false) this.#note(`The checkpoint after batch ${number} was not signed by this site`, number)
    if (good === undefined)
      this.#note(`The checkpoint after batch ${number} is signed with the key ${keyId}, which this site's ring does not know`, number)
    if (this.#expected?.number === number && this.#expected.head !== head) this.#note(otherThanNoted(number), number)
    this.#head = { number, head }
    return { number, removed }
  }

  /** Up to a batch, and on from there, one at a time, until a key that the site knows has signed. */
  async #follow(until = Number.POSITIVE_INFINITY): Promise<void> {
    while (this.#head.number < until || this.#counts.unproven > 0) {
      const most = this.#head.number < until ? Math.min(PAGE, until - this.#head.number) : 1
      const batches = await listBatches(this.#connection, this.#head.number, most)
      const [first, last] = [batches[0], batches.at(-1)]
      if (!first || !last) return
      const members = Map.groupBy(await listMembers(this.#connection, first.number, last.number), (row) => row.batch)
      for (const batch of batches) this.#check(batch, members.get(batch.number) ?? [])
    }
  }

  #check(batch: BatchRow, members: readonly AuditRow[]): void {
    const { number, rows, head } = batch
    if (number !== this.#head.number + 1) this.#note(`Batch ${this.#head.number + 1} is missing`, this.#head.number + 1)
    if (members.length !== rows) this.#note(`Batch ${number} has ${members.length} rows and was sealed with ${rows}`, number)
    if (headAfter(this.#head.head, batch, members) !== head)
      this.#note(`Batch ${number} is not as it was sealed: a row of it was changed, removed or put in`, number)
    const stranger = members.find(({ ip, salt, address }) => ip !== null && commitment(salt ?? '', ip) !== address)
    if (stranger) this.#note(`Batch ${number} has a row (${stranger.id}) whose address was changed`, number)
    this.#checkSignature(batch)
    if (this.#expected?.number === number && this.#expected.head !== head) this.#note(otherThanNoted(number), number)
    this.#head = { number, head }
    this.#counts = { ...this.#counts, batches: this.#counts.batches + 1, rows: this.#counts.rows + members.length }
  }

  /**
   * The site signs on what it finds: a later signature says only that the chain stood like this then. So a batch by a key that
   * nobody knows is forged, unless it is said that this key was lost; then a later signature makes it good, and at the end nothing does.
   */
  #checkSignature({ number, head, key_id: keyId, signature }: BatchRow): void {
    const good = this.#signer.verify(signedHead(number, head), { keyId, signature })
    if (good === false) this.#note(`Batch ${number} was not signed by this site`, number)
    this.#counts.unproven = good === undefined ? this.#counts.unproven + 1 : 0
    if (good !== undefined || this.#lost.includes(keyId)) return
    this.#noteUnproven(number, `batch ${number} is signed with the key ${keyId}, which this site's key ring does not know`)
  }

  async #end(first: number): Promise<void> {
    const head = await readHead(this.#connection)
    if (head.number !== this.#head.number || head.head !== this.#head.head)
      this.#note(`The chain ends in batch ${this.#head.number} and should end in ${head.number}`, this.#head.number + 1)
    const stray = await findStrayBatch(this.#connection, first, this.#head.number)
    this.#checkProven()
    if (stray !== undefined) this.#note(`Rows are in batch ${stray}, which the chain does not have`, stray)
    if (this.#expected && this.#expected.number > this.#head.number)
      this.#note(
        `The chain ended in batch ${this.#expected.number} when that was noted; what came after batch ${this.#head.number} was cut off`,
        this.#head.number + 1,
      )
  }

  #checkProven(): void {
    const { unproven } = this.#counts
    if (unproven > 0) this.#noteUnproven(this.#head.number - unproven + 1, 'no key that this site knows has signed later')
  }

  async #checkErasures(): Promise<void> {
    const { names, addresses } = await countMissing(this.#connection)
    if (names + addresses > 0)
      this.#note(`${names} names and the addresses of ${addresses} rows were taken out of the trail, and nobody was erased for that`)
  }

  async #checkNames(): Promise<void> {
    for (let last = ''; ;) {
      const people = await listPeopleAfter(this.#connection, last, 1000)
      const wrong = people.find(({ person, user, salt }) => commitment(salt, user) !== person)
      if (wrong) this.#note(`The name of ${wrong.user} was put in another's place`)
      const end = people.at(-1)
      if (!end) return
      last = end.person
    }
  }
}

const otherThanNoted = (batch: number): string => `Batch ${batch} does not end in the head that was noted`
