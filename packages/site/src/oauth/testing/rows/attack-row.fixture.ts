import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { person, type Reply } from '../app.fixture.ts'
import { openProvider, type Provider } from '../provider.fixture.ts'
import { Stage } from './stage.fixture.ts'
import { changesBetween, storedState, trailOf, type Changes } from './stored-state.fixture.ts'

/** Judges an answer: status, error, headers. */
export type Answer = (reply: Reply, stage: Stage) => void
type Replies = Reply | readonly Reply[]

/** One way to attack, and all that may come of it. */
export interface AttackRow {
  /** Of the list of attacks. */
  readonly row: string
  readonly about: string
  /** What the app is registered with, besides the usual. */
  readonly client?: Readonly<Record<string, unknown>>
  /** Prepares, and gives the attack: what is stored is compared around that alone. */
  readonly attack: (stage: Stage) => Promise<() => Promise<Replies>>
  /** Of each answer. */
  readonly answer: Answer
  /** What is stored otherwise afterwards; nothing, unless it is named. */
  readonly changes?: Changes
  /** What kinds of events came into the trail, in alphabetical order; nothing, unless it is named. */
  readonly trail?: readonly string[]
  /** What else holds afterwards. */
  readonly holds?: (stage: Stage, replies: readonly Reply[]) => Promise<void>
}

/** Tries each row on each engine: its answers, all that is stored before and after it, and the trail. */
export function testRows(title: string, rows: readonly AttackRow[]): void {
  describe.each(engines)(`${title}, on %s:`, (engine) => {
    let provider: Provider
    let user: string
    beforeAll(async () => {
      provider = await openProvider(engine)
      user = await person(provider)
    })
    afterAll(() => provider.close())

    it.each(rows)('$row $about', async ({ client, attack, answer, changes = {}, trail = [], holds }) => {
      const stage = await Stage.set(provider, user, client)
      const begin = await attack(stage)
      const before = await look(provider)
      const replies = [await begin()].flat()
      const after = await look(provider)
      for (const reply of replies) answer(reply, stage)
      const noted = new Set([...after.trail].filter(([id]) => !before.trail.has(id)).map(([, event]) => event))
      expect({ changes: changesBetween(before.state, after.state), trail: [...noted].toSorted() }).toEqual({ changes, trail })
      await holds?.(stage, replies)
    })
  })
}

async function look({ audit, database }: Provider) {
  // All of it, so that a refusal like one before stands by itself.
  await audit.flush(true)
  return { state: await storedState(database), trail: await trailOf(database) }
}
