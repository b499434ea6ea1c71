import { expect, it } from 'vitest'
import { textOf } from './text-of.ts'

it.each([
  ['text', 'text'],
  [7, '7'],
  [0, '0'],
  ['', ''],
  [null, ''],
  [undefined, ''],
  [true, ''],
  [{}, ''],
  [['a'], ''],
])('%j as text is %j', (value, text) => {
  expect(textOf(value)).toBe(text)
})
