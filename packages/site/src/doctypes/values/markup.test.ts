import type { DocField, Values } from '@annex/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseField } from '../definition/parse-field.ts'
import { withoutScripts } from './markup.ts'

const field = (fieldtype: string, rest: Values = {}): DocField => parseField({ fieldname: 'f', fieldtype, ...rest }, 1)
const TEXT = field('Text Editor')

describe('markup in a text', () => {
  it.each([
    '',
    'plain',
    'a < b and c > d',
    'if x<y then',
    '1<2',
    '<3',
    'a && b > c',
    '&lt;script&gt;',
    '<p>two <b>words</b></p>',
    '<p style="color:red;text-align:center">x</p>',
    '<div class="ql-editor read-mode"><p>x</p></div>',
    '<a href="https://example.com/?a=1" target="_blank">x</a>',
    '<a href="/app/item">x</a>',
    '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
  ])('that only formats stays: %s', (text) => {
    expect(withoutScripts(TEXT, text)).toBe(text)
  })

  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['<b onclick="x()">hi</b>', '<b>hi</b>'],
    ['<img src="x.png" onerror=alert(1)>', '<img src="x.png" />'],
    ['<a href="javascript:alert(1)">x</a>', '<a>x</a>'],
    ['<a href=" java\nscript:alert(1)">x</a>', '<a>x</a>'],
    ['<p style="background:url(javascript:x);color:red">x</p>', '<p style="color:red">x</p>'],
    ['<p style="position:fixed;width:9px">x</p>', '<p style="width:9px">x</p>'],
    ['<iframe src="//x"></iframe>', '&lt;iframe&gt;&lt;/iframe&gt;'],
    ['<img src=x onerror=alert(1) ', '&lt;img src=x onerror=alert(1) '],
    ['<b>x</b><img src=x onerror=alert(1) ', '<b>x</b>&lt;img src=x onerror=alert(1) '],
    ['<b>x</b><!-- y -->', '<b>x</b>'],
  ])('that runs does not: %s', (text, kept) => {
    expect(withoutScripts(TEXT, text)).toBe(kept)
    expect(withoutScripts(field('Data'), text)).toBe(kept)
  })

  it.each<[fieldtype: string, rest: Values]>([
    ['Code', {}],
    ['JSON', {}],
    ['Attach', {}],
    ['Text Editor', { ignore_xss_filter: 1 }],
  ])('of %s %j is kept', (fieldtype, rest) => {
    expect(withoutScripts(field(fieldtype, rest), '<script>')).toBe('<script>')
  })

  it('is an address in a field of addresses', () => {
    expect(withoutScripts(field('Data', { options: 'Email' }), 'Ann <ann@example.com>')).toBe('Ann <ann@example.com>')
  })

  it('of a barcode draws and does nothing else', () => {
    const drawing =
      '<svg height="80" viewBox="0 0 9 9" data-barcode-value="1"><g transform="translate(10, 10)"><rect x="0" width="2"></rect></g></svg>'
    const barcode = field('Barcode')
    expect(withoutScripts(barcode, drawing)).toBe(drawing)
    expect(withoutScripts(barcode, '<svg onload="x()" OnLoad="y()"><SCRIPT>1</SCRIPT></svg>')).toBe(
      '<svg>&lt;SCRIPT&gt;1&lt;/SCRIPT&gt;</svg>',
    )
  })

  it('of a megabyte takes no longer for being odd', () => {
    for (const piece of ['<a=', '<a', '<', '<!--', '</', '<a ">'])
      expect(withoutScripts(TEXT, piece.repeat(200_000)).length).toBeGreaterThan(0)
  }, 20_000)

  it('is refused by the name of its field when there is more of it than is looked through in a moment', () => {
    const bold = '<b>x</b>'
    const [most, picture] = [bold.repeat(125_000), `<img src="data:image/png;base64,${'aB+/'.repeat(2_000_000)}==" />`]
    expect(withoutScripts(TEXT, most)).toBe(most)
    const refused = expect.objectContaining({
      excType: 'ValidationError',
      status: 417,
      message: expect.stringMatching(/^Notes: 1000000 /) as string,
    })
    for (const text of [`${most}<i></i>`, bold.repeat(3_000_000), `<p ${'a="1" '.repeat(200_000)}>`])
      expect(() => withoutScripts({ ...TEXT, label: 'Notes' }, text)).toThrow(refused)
    for (const text of [picture, picture.repeat(3), 'a < b '.repeat(1_000_000), `${'a < b '.repeat(1_000_000)}<script`])
      expect(withoutScripts(TEXT, text).length).toBeGreaterThanOrEqual(text.length)
  })

  it('holds no handler and no script, however it is put together', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '/',
      '"',
      "'",
      '=',
      ' ',
      'script',
      'img src=x ',
      'svg',
      'onerror',
      '=alert(1)',
      'a href',
      'javascript:',
      '<!--',
      '-->',
      '<b>',
      '</b>',
      '<style>',
      '&lt;',
      '<![CDATA[',
      ']]>',
      '\n',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
        const kept = withoutScripts(TEXT, parts.join(''))
        const tags = kept.match(/<[^>]*>?/g) ?? []
        for (const tag of tags) expect(tag).not.toMatch(/^<\/?(script|svg|style)|^<[a-z][^>]*\son\w+\s*=|^<[a-z][^>]*href="?javascript/i)
      }),
      { numRuns: 2000 },
    )
  })

  it('is refused when its tags are nested deeper than a page shows, before they cost time', () => {
    const text = (open: string, count: number): string => `${open.repeat(count)}x${'</b>'.repeat(count)}`
    for (const open of ['<i>', '<div>', '<unknown>', '<i title="</i>">'])
      expect(() => withoutScripts(TEXT, text(open, 200_000))).toThrow(expect.objectContaining({ excType: 'ValidationError' }))
    expect(withoutScripts(TEXT, text('<b>', 1000))).toBe(text('<b>', 1000))
    expect(withoutScripts(TEXT, '<p>a</p><br /><img src="/a.png" />'.repeat(2000))).toHaveLength(34 * 2000)
  })
})
