import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanFileName, extensionOf, pathNameOf, withDigits } from './file-name.ts'

describe('A file name', () => {
  it.each([
    ['a/b c.txt', 'ab c.txt'],
    ['../../etc/passwd', 'etcpasswd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['.htaccess', 'htaccess'],
    ['<img src=x onerror=alert(1)>.png', 'img src=x onerror=alert(1).png'],
    ['a\0b\r\n.txt', 'ab.txt'],
    ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
    ['NUL.txt', '_NUL.txt'],
    ['com1', '_com1'],
    ['console.log', 'console.log'],
    ['report. .', 'report'],
    ['Zu\u0308rich.pdf', 'Zürich.pdf'],
    ['a\uD800.txt', 'a\uFFFD.txt'],
    ['///', 'file'],
    ['', 'file'],
  ])('%j becomes %j', (sent, cleaned) => {
    expect(cleanFileName(sent)).toBe(cleaned)
  })

  it('is cut to 140 characters with its extension kept, also when digits are added', () => {
    expect(cleanFileName(`${'a'.repeat(300)}.pdf`)).toBe(`${'a'.repeat(136)}.pdf`)
    expect(withDigits(`${'a'.repeat(136)}.pdf`, '123456')).toBe(`${'a'.repeat(130)}123456.pdf`)
    expect(withDigits('notes', '123456')).toBe('notes123456')
    expect(withDigits('a.b.txt', '123456')).toBe('a.b123456.txt')
  })

  it('is cleaned at once, however many dots stand in it', () => {
    // A pattern that tries each run of dots from each of them takes a minute.
    expect(cleanFileName(`a${'.'.repeat(300_000)}b`)).toBe(`a${'.'.repeat(137)}.b`)
  })

  it('has its extension in capitals', () => {
    expect(['a.txt', 'b', 'c.tar.gz', `d.${'x'.repeat(40)}`].map(extensionOf)).toEqual(['TXT', '', 'GZ', ''])
  })

  it('stands in an address without ending its path', () => {
    expect(pathNameOf('50% off #1?.txt')).toBe('50_ off _1_.txt')
  })

  it('is clean whatever was sent, and clean twice over', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (sent) => {
        const name = cleanFileName(sent)
        expect(name).toMatch(/^[^./\\<>\p{Cc}\p{Cf}][^/\\<>\p{Cc}\p{Cf}]*$/u)
        expect(name.length).toBeLessThanOrEqual(141)
        expect(name.isWellFormed()).toBe(true)
        expect(cleanFileName(name)).toBe(name)
      }),
    )
  })
})
