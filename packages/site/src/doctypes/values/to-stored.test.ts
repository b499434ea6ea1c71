import { FrappeError } from '@annex/protocol'
import type { DocField, Values } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { parseField } from '../definition/parse-field.ts'
import { toShown } from './to-shown.ts'
import { toStored } from './to-stored.ts'

const field = (fieldtype: string, rest: Values = {}): DocField => parseField({ fieldname: 'f', label: 'The Field', fieldtype, ...rest }, 1)
const LINK = { options: 'Item' }

function refusal(work: () => unknown): FrappeError {
  try {
    work()
  } catch (error) {
    if (error instanceof FrappeError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a value that fits', () => {
  it.each<[fieldtype: string, sent: unknown, stored: unknown, rest?: Values]>([
    ['Data', 'text', 'text'],
    ['Data', 12.5, '12.5'],
    ['Data', true, '1'],
    ['Data', '', ''],
    ['Data', '', null, { unique: 1 }],
    ['Data', 'a@example.com', 'a@example.com', { options: 'Email' }],
    ['Data', 'a@example.com, b@example.com', 'a@example.com, b@example.com', { options: 'Email' }],
    ['Data', '😀'.repeat(140), '😀'.repeat(140)],
    ['Data', 'x', 'x', { options: 'constructor' }],
    ['Link', 'ITEM-1', 'ITEM-1', LINK],
    ['Link', null, null, LINK],
    ['Select', ' B ', 'B', { options: 'A\nB' }],
    ['Select', '', '', { options: 'A\nB' }],
    ['Int', '1,234', 1234],
    ['Int', '12.9', 12],
    ['Int', -3.9, -3],
    ['Int', '', 0],
    ['Int', null, 0],
    ['Int', 5_000_000_000, 5_000_000_000, { length: 12 }],
    ['Check', true, 1],
    ['Check', 'yes', 1],
    ['Check', 'False', 0],
    ['Check', '0', 0],
    ['Check', 7, 1],
    ['Currency', '1,234.5', 1234.5],
    ['Float', 0.1234567894, 0.123456789],
    ['Float', '1e3', 1000],
    ['Percent', -2, -2],
    ['Rating', 7, 1],
    ['Date', '2026-01-31', '2026-01-31'],
    ['Date', '', null],
    ['Time', '8:30', '08:30:00.000000'],
    ['Datetime', '1970-01-01 01:00:00', 0],
    ['JSON', { b: [1], a: { d: 1, c: 2 } }, '{\n    "a": {\n        "c": 2,\n        "d": 1\n    },\n    "b": [\n        1\n    ]\n}'],
    ['JSON', '[1,2]', '[1,2]'],
    ['JSON', '{"a": 1}', '{"a": 1}'],
    ['Geolocation', { type: 'Point' }, '{\n    "type": "Point"\n}'],
    ['Geolocation', '{"type":"Point"}', '{"type":"Point"}'],
    ['Geolocation', '', null],
    ['Color', '#449CF0', '#449CF0'],
    ['Color', 'light-blue', 'light-blue'],
    ['Color', 'rgba(1, 2, 3, 0.5)', 'rgba(1, 2, 3, 0.5)'],
    ['Color', '', ''],
    ['Duration', '86400.5', 86_400.5],
    ['Rating', '0.6', 0.6],
    ['Rating', -1, 0],
    ['Password', '', null],
    ['Password', '***', null],
  ])('%s takes %j as %j', (fieldtype, sent, stored, rest = {}) => {
    expect(toStored(field(fieldtype, rest), sent, 'Africa/Lagos')).toBe(stored)
  })

  it('a password leaves a mark in its place that says nothing of it and is another each time', () => {
    const [one, other] = [1, 2].map(() => toStored(field('Password'), 'secret', 'UTC'))
    expect(one).toMatch(/^\*{8}[\w-]{8}$/)
    expect(one).not.toBe(other)
  })

  it('has no negative zero, which the engines show differently', () => {
    for (const fieldtype of ['Float', 'Int']) expect(Object.is(toStored(field(fieldtype), -0.0000000001, 'UTC'), 0)).toBe(true)
  })
})

describe('a value that does not fit', () => {
  it.each<[fieldtype: string, sent: unknown, exception: string, rest?: Values]>([
    ['Data', {}, 'ValidationError'],
    ['Data', ['a'], 'ValidationError'],
    ['Data', 'x'.repeat(141), 'CharacterLengthExceededError'],
    ['Data', 'four', 'CharacterLengthExceededError', { length: 3 }],
    ['Data', 'nul\0', 'ValidationError'],
    ['Text', 'half \ud83d', 'ValidationError'],
    ['Data', 'not an address', 'InvalidEmailAddressError', { options: 'Email' }],
    ['Data', 'a@example.com,', 'InvalidEmailAddressError', { options: 'Email' }],
    ['Data', 'a\u0007@example.com', 'InvalidEmailAddressError', { options: 'Email' }],
    ['Data', 'Ann\r\nBcc: b@example.com <a@example.com>', 'InvalidEmailAddressError', { options: 'Email' }],
    ['Phone', 'call me', 'InvalidPhoneNumberError'],
    ['Data', 'nowhere', 'ValidationError', { options: 'URL' }],
    ['Select', 'Alien', 'ValidationError', { options: 'A\nB' }],
    ['Int', 'twelve', 'ValidationError'],
    ['Int', {}, 'ValidationError'],
    ['Int', 2_147_483_648, 'CharacterLengthExceededError'],
    ['Int', -1, 'NonNegativeError', { non_negative: 1 }],
    ['Check', 'maybe', 'ValidationError'],
    ['Check', 'constructor', 'ValidationError'],
    ['Check', '__proto__', 'ValidationError'],
    ['Currency', '$5', 'ValidationError'],
    ['Float', 'NaN', 'ValidationError'],
    ['Float', 'Infinity', 'ValidationError'],
    ['Float', 1e12, 'CharacterLengthExceededError'],
    ['Currency', '-0.5', 'NonNegativeError', { non_negative: 1 }],
    ['Date', 'yesterday-ish', 'ValidationError'],
    ['Date', 20260131, 'ValidationError'],
    ['Datetime', '31-01-2024', 'ValidationError'],
    ['Time', '25:00', 'ValidationError'],
    ['Time', 830, 'ValidationError'],
    ['Datetime', true, 'ValidationError'],
    ['Datetime', '2026-02-30 00:00:00', 'ValidationError'],
    ['Rating', 'five stars', 'ValidationError'],
    ['Duration', '1d 2h', 'ValidationError'],
    ['Percent', '10%', 'ValidationError'],
    ['Percent', [1], 'ValidationError'],
    ['Color', 'red;}', 'ValidationError'],
    ['Color', '#12', 'ValidationError'],
    ['Geolocation', 'north', 'ValidationError'],
    ['Geolocation', ['north'], 'ValidationError'],
    ['JSON', '{', 'ValidationError'],
    ['JSON', [1, 2], 'ValidationError'],
    ['Password', {}, 'ValidationError'],
  ])('%s refuses %j with %s', (fieldtype, sent, exception, rest = {}) => {
    const error = refusal(() => toStored(field(fieldtype, rest), sent, 'UTC'))
    expect(error).toMatchObject({ excType: exception, status: 417 })
    expect(error.message).toMatch(/^The Field: /)
  })
})

describe('a stored value', () => {
  it.each<[fieldtype: string, stored: string | number | null, shown: unknown]>([
    ['Int', null, 0],
    ['Currency', 10.5, 10.5],
    ['Data', null, null],
    ['Date', '2026-01-31', '2026-01-31'],
    ['Time', '08:30:00.000000', '8:30:00'],
    ['Datetime', 0, '1970-01-01 01:00:00'],
    ['Datetime', null, null],
    ['JSON', '{"a":1}', '{"a":1}'],
  ])('of %s, %j, is shown as %j', (fieldtype, stored, shown) => {
    expect(toShown(field(fieldtype), stored, 'Africa/Lagos')).toBe(shown)
  })
})
