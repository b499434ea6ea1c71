import { OAuthError } from '@annex/protocol'
import { describe, expect, it } from 'vitest'
import { parseParameters, requireParameter } from './parameters.ts'

type Body = Parameters<typeof parseParameters>[0]
const request = (body: Partial<Body>): Body => ({ headers: {}, query: new URLSearchParams(), ...body })
const form = (text: string): Body => request({ form: new URLSearchParams(text) })
const read = (body: Body): [string, string][] => [...parseParameters(body)]
const wrong = (sentence: string): OAuthError => new OAuthError('invalid_request', sentence)
const fields = (count: number): string => Array.from({ length: count }, (_, index) => `p${index}=x`).join('&')

describe('The parameters of a request to the provider', () => {
  it.each<[what: string, body: Body, read: [string, string][]]>([
    [
      'a form',
      form('a=1&b=x+y'),
      [
        ['a', '1'],
        ['b', 'x y'],
      ],
    ],
    [
      'JSON',
      request({ json: { a: '1', b: 'x y' } }),
      [
        ['a', '1'],
        ['b', 'x y'],
      ],
    ],
    ['JSON before a form', request({ json: { a: '1' }, form: new URLSearchParams('b=2') }), [['a', '1']]],
    ['nothing', request({}), []],
    ['empty values', form('a=&b=2'), [['b', '2']]],
    [
      'several resources',
      form('resource=r1&a=1&resource=r2&resource=r3'),
      [
        ['resource', 'r1 r2 r3'],
        ['a', '1'],
      ],
    ],
    ['an empty resource alone', form('resource='), []],
    ['an empty resource among them', form('resource=r1&resource=&resource=r2'), [['resource', 'r1 r2']]],
    ['a resource with a blank', form('resource=r1+r2'), [['resource', 'r1 r2']]],
    ['a value of 8192 characters', form(`a=${'x'.repeat(8192)}`), [['a', 'x'.repeat(8192)]]],
  ])('are read of %s', (_what, body, parameters) => expect(read(body)).toEqual(parameters))

  it('are fifty at most', () => {
    expect(read(form(fields(50)))).toHaveLength(50)
    expect(() => read(form(fields(51)))).toThrow(wrong('Send at most 50 parameters'))
  })

  it.each<[sentence: string, body: Body]>([
    ['Send a form as application/x-www-form-urlencoded', request({ headers: { 'content-type': 'multipart/form-data; boundary=x' } })],
    ['Send a form as application/x-www-form-urlencoded', request({ headers: { 'content-type': 'Multipart/Mixed' } })],
    ['URL query parameters are not allowed; send them in the body', request({ query: new URLSearchParams('a=1') })],
    ['Duplicate a parameter', form('a=1&a=1')],
    ['Duplicate a parameter', form('a=&a=1')],
    ['Duplicate resource parameter', form('resource=a+b&resource=c+d')],
    ['Duplicate a?b?c.d_e-f parameter', form('a%22b%0ac.d_e-f=1&a%22b%0ac.d_e-f=1')],
    [`Duplicate ${'n'.repeat(40)} parameter`, form(`${'n'.repeat(41)}=1&${'n'.repeat(41)}=1`)],
    ['The parameter a is too long', form(`a=${'x'.repeat(8193)}`)],
    ['The JSON body must be one object', request({ json: [] })],
    ['The JSON body must be one object', request({ json: 'a=1' })],
    ['The JSON body must be one object', request({ json: null })],
    ['The parameter a?b must be text', request({ json: { 'a b': 7 } })],
    ['The parameter b must be text', request({ json: { a: '1', b: ['1'] } })],
  ])('are refused: %s (%#)', (sentence, body) => expect(() => read(body)).toThrow(wrong(sentence)))

  it('do not take a content type that only speaks of multipart', () => {
    expect(read(request({ headers: { 'content-type': 'text/multipart/' }, form: new URLSearchParams('a=1') }))).toEqual([['a', '1']])
  })

  it('are there when they are required, or their name is said', () => {
    const parameters = parseParameters(form('code=c&empty='))
    expect(requireParameter(parameters, 'code')).toBe('c')
    for (const name of ['empty', 'other']) expect(() => requireParameter(parameters, name)).toThrow(wrong(`Missing ${name} parameter.`))
    try {
      requireParameter(parameters, 'other')
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request' })
    }
  })
})
