import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueEntries } from './due-entries.ts'

test('what is due comes out by its time, then by its id, whatever was added and removed before', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }))), (steps) => {
      const queue = new DueEntries()
      const wanted: { id: string; dueAt: number }[] = []
      // A number is added, null takes out the first.
      for (const [index, dueAt] of steps.entries())
        if (dueAt === null) {
          queue.removeFirst()
          wanted.shift()
        } else {
          queue.add({ id: `${index}`, dueAt })
          wanted.push({ id: `${index}`, dueAt })
          wanted.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
        }
      for (const due of wanted) {
        expect(queue.first).toMatchObject(due)
        queue.removeFirst()
      }
      expect(queue.first).toBeUndefined()
    }),
  )
})
