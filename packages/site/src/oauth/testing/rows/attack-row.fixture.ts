import type { Engine } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { Reply } from '../app.fixture.ts'
import { providerGround, type Stage } from './stage.fixture.ts'
import { changesBetween, storedState, trailOf, type Changes, type Ground } from './stored-state.fixture.ts'

/** Judges an answer: status, error, headers. */
export type Answer<S = Stage> = (reply: Reply, stage: S) => void
type Replies = Reply | readonly Reply[]
/** The same always, or by what was answered where acts cross. */
type Expected<T> = T | ((replies: readonly Reply[]) => T)

/** One way to attack, and all that may come of it. */
export interface AttackRow<S = Stage> {
  /** Of the list of attacks. */
  readonly row: string
  /** Begins with the ids of other rows that it shows too. */
  readonly about: string
  /** What the app is registered with, besides the usual. */
  readonly client?: Readonly<Record<string, unknown>>
  /** Prepares, and gives the attack: what is stored is compared around that alone. */
  readonly attack: (stage: S) => Promise<() => Promise<Replies>>
  /** Of each answer. */
  readonly answer: Answer<S>
  /** What is stored otherwise afterwards; nothing, unless it is named. */
  readonly changes?: Expected<Changes>
  /** What kinds of events came into the trail, in alphabetical order; nothing, unless it is named. */
  readonly trail?: Expected<readonly string[]>
  /** What else holds afterwards. */
  readonly holds?: (stage: S, replies: readonly Reply[]) => Promise<void>
}

/** Tries each row on each engine: its answers, all that is stored before and after it, and the trail. */
export function testRows(title: string, rows: readonly AttackRow[]): void {
  testRowsOn(providerGround, title, rows)
}

/** As `testRows`, on another ground. */
export function testRowsOn<S>(open: (engine: Engine) => Promise<Ground<S>>, title: string, rows: readonly AttackRow<S>[]): void {
  describe.each(engines)(`${title}, on %s:`, (engine) => {
    let ground: Ground<S>
    beforeAll(async () => {
      ground = await open(engine)
    })
    afterAll(() => ground.close())

    it.each(rows.map((row) => [`${row.row} ${row.about}`, row] as const))('%s', async (_name, row) => {
      const { client, attack, answer, changes = {}, trail = [], holds } = row
      const stage = await ground.stage(client)
      const begin = await attack(stage)
      const before = await look(ground)
      const replies = [await begin()].flat()
      const after = await look(ground)
      for (const reply of replies) answer(reply, stage)
      const noted = new Set([...after.trail].filter(([id]) => !before.trail.has(id)).map(([, event]) => event))
      expect({ changes: changesBetween(before.state, after.state), trail: [...noted].toSorted() }).toEqual({
        changes: of(changes, replies),
        trail: of(trail, replies),
      })
      await holds?.(stage, replies)
    })
  })
}

const of = <T>(expected: Expected<T>, replies: readonly Reply[]): T =>
  typeof expected === 'function' ? (expected as (replies: readonly Reply[]) => T)(replies) : expected

async function look({ audit, database }: Pick<Ground<unknown>, 'audit' | 'database'>) {
  // All of it, so that a refusal like one before stands by itself.
  await audit.flush(true)
  return { state: await storedState(database), trail: await trailOf(database) }
}
