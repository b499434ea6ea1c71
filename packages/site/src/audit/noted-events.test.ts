import { describe, expect, it } from 'vitest'
import { NotedEvents } from './noted-events.ts'

describe('events that wait to be written', () => {
  it('are one with their number and the time of the first where they tell the same', () => {
    const noted = new NotedEvents<{ event: string }>()
    for (const [event, at] of [
      ['renewed', 1],
      ['issued', 2],
      ['renewed', 3],
    ] as const)
      noted.add({ event }, at)
    expect(noted.size).toBe(2)
    expect(noted.take()).toEqual([
      { event: { event: 'renewed' }, at: 1, count: 2 },
      { event: { event: 'issued' }, at: 2, count: 1 },
    ])
    expect([noted.size, noted.take()]).toEqual([0, []])
  })

  it('are kept, the oldest first, when they could not be written, and are counted on', () => {
    const noted = new NotedEvents<{ event: string }>()
    for (const event of ['a', 'b', 'c']) noted.add({ event }, 1)
    const unwritten = noted.take()
    for (const event of ['d', 'b', 'b']) noted.add({ event }, 2)
    noted.putBack(unwritten, 3)
    expect(noted.take()).toEqual([
      { event: { event: 'a' }, at: 1, count: 1 },
      { event: { event: 'b' }, at: 1, count: 3 },
      { event: { event: 'c' }, at: 1, count: 1 },
    ])
  })
})
