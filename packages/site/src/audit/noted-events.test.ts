import { describe, expect, it } from 'vitest'
import { NotedEvents, type Noted } from './noted-events.ts'

interface Told {
  readonly event: string
}

describe('events that wait to be written', () => {
  const of = (most = 100): NotedEvents<Told> => new NotedEvents({ most, beyond: { event: 'beyond' } })
  const add = (noted: NotedEvents<Told>, at: number, ...events: string[]): void => {
    for (const event of events) noted.add({ event }, at)
  }
  const shown = (taken: readonly Noted<Told>[]): unknown[] => taken.map(({ event, at, count }) => [event.event, at, count])

  it('are one with their number and the time of the first where they tell the same', () => {
    const noted = of()
    add(noted, 1, 'renewed')
    add(noted, 2, 'issued')
    add(noted, 3, 'renewed')
    expect(noted.size).toBe(2)
    expect(shown(noted.take())).toEqual([
      ['renewed', 1, 2],
      ['issued', 2, 1],
    ])
    expect([noted.size, noted.take()]).toEqual([0, []])
  })

  it('are kept, the oldest first, when they could not be written, and are counted on', () => {
    const noted = of()
    add(noted, 1, 'a', 'b')
    const unwritten = noted.take()
    add(noted, 2, 'c', 'b', 'b')
    noted.putBack(unwritten)
    add(noted, 3, 'c', 'a')
    expect(shown(noted.take())).toEqual([
      ['a', 1, 2],
      ['b', 1, 3],
      ['c', 2, 2],
    ])
  })

  it('are one sum beyond the limit, so that nothing grows while nothing can be written, and none is lost', () => {
    const noted = of(2)
    add(noted, 1, 'a', 'b', 'c', 'a', 'd')
    noted.putBack(noted.take())
    add(noted, 2, 'e', 'b')
    noted.putBack(noted.take())
    expect(shown(noted.take())).toEqual([
      ['a', 1, 2],
      ['b', 1, 2],
      ['beyond', 1, 3],
    ])
    add(noted, 3, 'c')
    expect(shown(noted.take())).toEqual([['c', 3, 1]])
  })
})
