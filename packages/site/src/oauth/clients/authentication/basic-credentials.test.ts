import { describe, expect, it } from 'vitest'
import { parseBasic } from './basic-credentials.ts'

const basic = (text: string | Uint8Array): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('The credentials of a client in the Authorization header', () => {
  it.each<[what: string, header: string, id: string, secret: string]>([
    ['plain', basic('app:secret'), 'app', 'secret'],
    ['named in small letters', basic('app:secret').replace('Basic', 'basic'), 'app', 'secret'],
    ['named in capitals', basic('app:secret').replace('Basic', 'BASIC'), 'app', 'secret'],
    ['behind several blanks', basic('app:secret').replace(' ', '  \t'), 'app', 'secret'],
    ['with a colon in the secret', basic('app:one:two'), 'app', 'one:two'],
    ['without a secret', basic('app:'), 'app', ''],
    ['without an id', basic(':secret'), '', 'secret'],
    ['encoded as a form', basic('a%3Ap+p+x:s%2Be%25c'), 'a:p p x', 's+e%c'],
    ['of letters outside ASCII', basic('äpp:Schlüssel'), 'äpp', 'Schlüssel'],
    ['filled up by one sign', 'Basic YXBwMTphYg==', 'app1', 'ab'],
    ['not filled up', 'Basic YXBwMTphYg', 'app1', 'ab'],
    ['with the signs that base64 has besides letters', basic('a:\u00ff?>~'), 'a', '\u00ff?>~'],
  ])('are read when they are %s', (_what, header, id, secret) => {
    expect(parseBasic(header)).toEqual({ id, secret })
  })

  it.each<[header: string | undefined]>([[undefined], [''], ['Bearer abc'], ['Basically abc'], ['My Basic YTpi'], [' Basic YTpi']])(
    'are none in %j',
    (header) => {
      expect(parseBasic(header)).toBeUndefined()
    },
  )

  it.each<[what: string, header: string | string[], reason: string]>([
    ['two headers', ['Basic YTpi', 'Basic YTpi'], 'send one Authorization header'],
    ['nothing behind the scheme', 'Basic', 'it is not base64'],
    ['nothing but a blank behind it', 'Basic ', 'it is not base64'],
    ['no base64', 'Basic ****', 'it is not base64'],
    ['something before it', 'Basic *YTpi', 'it is not base64'],
    ['something behind it', 'Basic YTpi*', 'it is not base64'],
    ['too many signs to fill it up', 'Basic YTpi===', 'it is not base64'],
    ['bits that stand for nothing', 'Basic YTpiYh==', 'it is not base64'],
    ['the alphabet for addresses', 'Basic YTr_-w==', 'it is not base64'],
    ['no UTF-8', basic(Uint8Array.of(0x61, 0x3a, 0xff)), 'it is not UTF-8'],
    ['no colon', basic('app'), 'there is no colon between client_id and client_secret'],
    ['half an escape in the id', basic('a%4:b'), 'client_id and client_secret must be form-encoded'],
    ['half an escape in the secret', basic('a:b%'), 'client_id and client_secret must be form-encoded'],
    ['a zero byte', basic('a\u0000:b'), 'client_id and client_secret must be form-encoded'],
    ['an escaped line break', basic('a:b%0a'), 'client_id and client_secret must be form-encoded'],
    ['the last control character', basic('a:b\u007f'), 'client_id and client_secret must be form-encoded'],
  ])('cannot be read with %s, and the reason is told', (_what, header, reason) => {
    expect(() => parseBasic(header)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: `The Authorization header cannot be read: ${reason}` }),
    )
  })
})
