import type { Document } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { settleState, stateEvent } from '../client-state.ts'

type Stored = readonly [state: string | null, enabled: number]
const documentOf = (state: unknown, enabled: unknown): Document => ({ state, enabled }) as unknown as Document

/** What a document says that had `stored` and gets `sent`. */
function settled(stored: Stored | undefined, sent: Record<string, unknown>): [state: unknown, enabled: unknown] {
  const previous = stored && documentOf(...stored)
  const document = { state: 'Active', enabled: 1, ...previous, ...sent } as unknown as Document
  settleState({ document, sent, ...(previous ? { previous } : {}) })
  return [document['state'], document['enabled']]
}

describe('The state of an app that is written', () => {
  it.each<[sent: Record<string, unknown>, state: string]>([
    [{}, 'Active'],
    [{ enabled: 1 }, 'Active'],
    [{ enabled: 0 }, 'Suspended'],
    [{ enabled: null }, 'Active'],
    [{ enabled: '' }, 'Active'],
    [{ enabled: true }, 'Active'],
    [{ enabled: '0' }, 'Suspended'],
    [{ enabled: false }, 'Suspended'],
    [{ state: 'Active', enabled: 0 }, 'Suspended'],
    [{ state: 'Pending' }, 'Pending'],
    [{ state: 'Pending', enabled: 1 }, 'Pending'],
    [{ state: 'Pending', enabled: 0 }, 'Pending'],
    [{ state: 'Suspended', enabled: 1 }, 'Suspended'],
  ])('of a new one, with %j, is %s', (sent, state) => {
    expect(settled(undefined, sent)).toEqual([state, state === 'Active' ? 1 : 0])
  })

  it.each<[stored: Stored, sent: Record<string, unknown>, state: string]>([
    [['Active', 1], {}, 'Active'],
    [['Active', 1], { enabled: true }, 'Active'],
    [['Active', 1], { enabled: '1' }, 'Active'],
    [['Active', 1], { enabled: 0 }, 'Suspended'],
    [['Active', 1], { state: 'Suspended', enabled: 1 }, 'Suspended'],
    [['Active', 1], { state: 'Active', enabled: 0 }, 'Suspended'],
    [['Suspended', 0], {}, 'Suspended'],
    [['Suspended', 0], { enabled: 0 }, 'Suspended'],
    [['Suspended', 0], { enabled: 1 }, 'Active'],
    [['Suspended', 0], { enabled: true }, 'Active'],
    [['Suspended', 0], { state: 'Active' }, 'Active'],
    [['Suspended', 0], { state: 'Active', enabled: 0 }, 'Active'],
    [['Suspended', 0], { state: 'Suspended', enabled: 1 }, 'Active'],
    [['Pending', 0], { enabled: 0 }, 'Pending'],
    [['Pending', 0], { enabled: 1 }, 'Active'],
    [['Pending', 0], { state: 'Suspended', enabled: 1 }, 'Suspended'],
    [['Active', 0], {}, 'Suspended'],
    [['Active', 0], { enabled: 0 }, 'Suspended'],
    [['Active', 0], { state: 'Active' }, 'Active'],
    [['Active', 0], { state: 'Active', enabled: 0 }, 'Suspended'],
    [['Active', 0], { enabled: 1 }, 'Active'],
    [[null, 0], {}, 'Suspended'],
    [[null, 1], { enabled: 0 }, 'Suspended'],
  ])('that was %j, with %j, is %s', (stored, sent, state) => {
    expect(settled(stored, sent)).toEqual([state, state === 'Active' ? 1 : 0])
  })

  it.each<[stored: Stored | undefined, sent: Record<string, unknown>, message: string]>([
    [undefined, { state: 'Retired' }, 'A new app cannot be retired already'],
    [['Active', 1], { state: 'Pending' }, 'An app that was approved cannot wait for it again; suspend it instead'],
    [['Suspended', 0], { state: 'Pending', enabled: 1 }, 'An app that was approved cannot wait for it again; suspend it instead'],
    [['Retired', 0], {}, 'This app is retired for good: its grants and secrets have ended. Register a new one'],
    [['Retired', 0], { state: 'Active' }, 'This app is retired for good: its grants and secrets have ended. Register a new one'],
    [['Retired', 0], { state: 'Pending' }, 'This app is retired for good: its grants and secrets have ended. Register a new one'],
  ])('that was %j cannot follow %j', (stored, sent, message) => {
    expect(() => settled(stored, sent)).toThrow(expect.objectContaining({ excType: 'ValidationError', message }))
  })
})

describe('What happened to the state of an app', () => {
  it.each<[before: Stored | undefined, after: Stored, event: string | undefined]>([
    [undefined, ['Active', 1], 'resumed'],
    [undefined, ['Pending', 0], 'suspended'],
    [['Active', 1], ['Active', 1], undefined],
    [['Active', 0], ['Suspended', 0], undefined],
    [['Active', 1], ['Suspended', 0], 'suspended'],
    [['Active', 1], ['Retired', 0], 'retired'],
    [['Pending', 0], ['Active', 1], 'approved'],
    [['Suspended', 0], ['Active', 1], 'resumed'],
    [['Pending', 0], ['Suspended', 0], 'suspended'],
    [['Suspended', 0], ['Retired', 0], 'retired'],
    [['Retired', 0], ['Retired', 0], undefined],
  ])('from %j to %j is %s', (before, after, event) => {
    expect(stateEvent(before && documentOf(...before), documentOf(...after))).toBe(event)
  })
})
