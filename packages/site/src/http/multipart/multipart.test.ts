import { FrappeError } from '@annex/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMultipart } from './multipart.ts'

const TYPE = 'multipart/form-data; boundary=b'
const part = (disposition: string, text: string, more = ''): string =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${text}\r\n`
const body = (...parts: readonly string[]): Buffer => Buffer.from(`${parts.join('')}--b--\r\n`)
const read = (...parts: readonly string[]): ReturnType<typeof parseMultipart> => parseMultipart(TYPE, body(...parts))

/** As `fetch` writes line ends in names. */
const lines = (name: string): string => name.replaceAll(/\r\n|\r|\n/g, '\r\n')

describe('A multipart form', () => {
  it('gives its fields as text and its files as bytes, the first of each name', () => {
    const { form, files } = read(
      part('name="subject"', 'Zürich'),
      part('name="subject"', 'again'),
      part('name="file"; filename="a.bin"', '\0\r\n--c', 'Content-Type: image/png\r\n'),
      part('name="file"; filename="b.bin"', 'second'),
    )
    expect(form.getAll('subject')).toEqual(['Zürich', 'again'])
    expect([...files]).toEqual([['file', { filename: 'a.bin', contentType: 'image/png', bytes: Buffer.from('\0\r\n--c') }]])
  })

  it('is what fetch and FormData write', async () => {
    const sent = new FormData()
    sent.append('is_private', '1')
    sent.append('file', new Blob([Buffer.from([0, 255, 13, 10])], { type: 'image/webp' }), 'ein "Bild"\n ü.webp')
    const request = new Request('http://x', { method: 'POST', body: sent })
    const { form, files } = parseMultipart(request.headers.get('content-type') ?? '', Buffer.from(await request.arrayBuffer()))
    expect(form.get('is_private')).toBe('1')
    expect(files.get('file')).toEqual({ filename: 'ein "Bild"\n ü.webp', contentType: 'image/webp', bytes: Buffer.from([0, 255, 13, 10]) })
  })

  it.each([
    ['quoted with backslashes', 'name="f"; filename="a\\"b.txt"', 'a"b.txt'],
    ['that ends in a backslash', 'name="f"; filename="C:\\"; x="y"', 'C:\\'],
    ['without quotes', 'name=f; filename=a.txt', 'a.txt'],
    ['in the extended form', 'name="f"; filename="x"; filename*=UTF-8\'\'na%C3%AFve.txt', 'naïve.txt'],
    ['with what looks like another parameter', 'filename="a; name=g"; name="f"', 'a; name=g'],
  ])('takes a file name %s', (_how, disposition, filename) => {
    expect(read(part(disposition, 'x')).files.get('f')?.filename).toBe(filename)
  })

  it('has no file where a browser sent its file input empty', () => {
    const { form, files } = read(part('name="file"; filename=""', ''))
    expect([files.size, form.size]).toEqual([0, 0])
  })

  it('may have a preamble, a quoted boundary and no part at all', () => {
    const typed = 'multipart/form-data; charset=utf-8; boundary="b c"'
    const text = 'nobody reads this\r\n--b c  \r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b c--\r\nnor this'
    expect(parseMultipart(typed, Buffer.from(text)).form.get('a')).toBe('1')
    expect(parseMultipart(TYPE, Buffer.from('--b--\r\n')).form.size).toBe(0)
  })

  it.each([
    ['without a boundary in its type', 'multipart/form-data', '--b--'],
    ['without its boundary', TYPE, 'x'],
    ['that breaks off', TYPE, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'],
    ['that breaks off within the headers', TYPE, '--b\r\nContent-Disposition: form-da'],
    ['with a part without a name', TYPE, '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--'],
    ['with a part without headers', TYPE, '--b\r\n\r\nx\r\n--b--'],
    ['with headers that never end', TYPE, `--b\r\nContent-Disposition: form-data; name="${'a'.repeat(9000)}"\r\n\r\nx\r\n--b--`],
    ['with a name that is badly encoded', TYPE, "--b\r\nContent-Disposition: form-data; name=a; filename*=utf-8''%FF\r\n\r\nx\r\n--b--"],
  ])('is refused with 400 when it is one %s', (_what, type, text) => {
    expect(() => parseMultipart(type, Buffer.from(text))).toThrow(expect.objectContaining({ status: 400 }) as Error)
  })

  it('has at most 1000 parts', () => {
    const parts = (count: number): string[] => Array.from({ length: count }, (_, index) => part(`name="f${index}"`, ''))
    expect(read(...parts(1000)).form.size).toBe(1000)
    expect(() => read(...parts(1001))).toThrow(expect.objectContaining({ status: 413 }) as Error)
  })

  it('reads back whatever fetch writes', async () => {
    const written = fc.array(
      fc.record({
        name: fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !/%(?:22|0d|0a)/i.test(name)),
        filename: fc.string().filter((name) => !/%(?:22|0d|0a)|\\"/i.test(name)),
        bytes: fc.uint8Array(),
      }),
    )
    await fc.assert(
      fc.asyncProperty(written, async (sent) => {
        const data = new FormData()
        for (const { name, filename, bytes } of sent) data.append(name, new Blob([new Uint8Array(bytes)]), `f${filename}`)
        const request = new Request('http://x', { method: 'POST', body: data })
        const type = request.headers.get('content-type') ?? ''
        const { files } = parseMultipart(type, Buffer.from(await request.arrayBuffer()))
        const first = new Map(sent.toReversed().map((file) => [lines(file.name), file]))
        expect(files.size).toBe(first.size)
        for (const [name, { filename, bytes }] of first)
          expect(files.get(name)).toMatchObject({ filename: `f${filename}`, bytes: Buffer.from(bytes) })
      }),
      { numRuns: 50 },
    )
  })

  it('is read or refused, whatever it is made of', () => {
    const pieces = [
      '--b',
      '--b--',
      '\r\n',
      '\r',
      '\n',
      ' ',
      'content-disposition: form-data',
      '; name="a"',
      '; filename="',
      '"',
      ';',
      ':',
      '\\',
      'x',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' }))), (parts) => {
        try {
          parseMultipart(TYPE, Buffer.from(parts.join('')))
        } catch (error) {
          expect(error).toBeInstanceOf(FrappeError)
        }
      }),
    )
  })

  it('copies no file', () => {
    const bytes = body(part('name="file"; filename="a"', 'x'.repeat(5000)))
    expect(parseMultipart(TYPE, bytes).files.get('file')?.bytes.buffer).toBe(bytes.buffer)
  })
})
