import { describe, expect, test } from 'vitest'
import { isMailAddress, readMailbox } from './mail-address.ts'

const MANY_OR_NONE = [
  '',
  'ann',
  '@x.example',
  'ann@',
  'a@x,b@x',
  'a@x, b@x',
  'a@x;b@x',
  'a@x b@x',
  'a@x,',
  ',a@x',
  'a@x\nBcc: b@x',
  'a@x\r\nBcc: b@x',
  'a\u0000@x',
  'a@x\u0000',
  'a\u007f@x',
  'a\u200b@x',
  'a\u202e@x',
  'a@x\u2028',
  'a@b@x',
  '"a,b"@x',
  'a(b)@x',
  'a@[192.0.2.1]',
  'a@-x',
  'a@\u0301x',
  'a@x..example',
  'a@x.',
  'group:a@x',
  'a\\@x',
  `${'a'.repeat(65)}@x.example`,
  `a@${'x'.repeat(64)}.example`,
  `a@${'x.'.repeat(126)}xx`,
]

describe('the address of one mailbox', () => {
  test.each([
    'ann@example.com',
    'a@x',
    "o'neil+tag=1@sub.example.co.in",
    'ünal@bücher.example',
    'a@उदाहरण.परीक्षा',
    `${'a'.repeat(64)}@x.example`,
  ])('is %s', (text) => {
    expect(isMailAddress(text)).toBe(true)
    expect(readMailbox(` ${text} `)).toEqual({ name: '', address: text })
  })

  test.each([...MANY_OR_NONE, '<a@x>', 'Ann <a@x>', ' a@x', 'a@x '])('is not %j', (text) => expect(isMailAddress(text)).toBe(false))
})

describe('a mailbox', () => {
  test.each([
    ['Annex <annex@example.com>', 'Annex', 'annex@example.com'],
    ['"The shop" <a@x>', 'The shop', 'a@x'],
    ['<a@x>', '', 'a@x'],
  ])('may be %s', (text, name, address) => expect(readMailbox(text)).toEqual({ name, address }))

  test.each([
    ...MANY_OR_NONE,
    'Ann <a@x>, Bob <b@x>',
    'Ann <a@x> <b@x>',
    'a@x <b@x>',
    'Ann\r\nBcc: b@x <a@x>',
    'Ann\u2028 <a@x>',
    'Ann <a@x,b@x>',
    'Ann < a@x>',
    'Ann <>',
  ])('is not %j', (text) => expect(readMailbox(text)).toBeUndefined())
})
