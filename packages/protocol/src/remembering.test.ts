import { describe, expect, it } from 'vitest'
import { remembering } from './remembering.ts'

/** A reader that refuses what begins with a dot, and how often it was asked. */
function counted(): { read: (text: string) => { text: string }; asked: () => number } {
  let count = 0
  const read = remembering((text) => {
    count += 1
    if (text.startsWith('.')) throw new Error(text)
    return { text }
  })
  return { read, asked: () => count }
}

describe('a reader that remembers texts', () => {
  it('reads a text once, and gives what it gave', () => {
    const { read, asked } = counted()
    expect(read('a')).toBe(read('a'))
    expect(read('b')).toEqual({ text: 'b' })
    expect(asked()).toBe(2)
  })

  it('refuses a text that it cannot read each time that it comes', () => {
    const { read, asked } = counted()
    for (const _ of [1, 2]) expect(() => read('.a')).toThrow('.a')
    expect(asked()).toBe(2)
  })

  it('keeps a bounded number of texts, and no long one', () => {
    const { read, asked } = counted()
    for (let index = 0; index <= 500; index += 1) read(`text ${index}`)
    read('text 0')
    expect(asked()).toBe(502)
    const [kept, long] = ['x'.repeat(200), 'x'.repeat(201)]
    for (const text of [kept, kept, long, long]) read(text)
    expect(asked()).toBe(505)
  })
})
