import { describe, expect, it } from 'vitest'
import { errorAnswer, codeAnswer, refusalAnswer } from './authorization-answer.ts'
import { AuthorizationRequest } from './authorization-request.ts'
import { OAuthError } from '@annex/protocol'

const parse = (text: string): AuthorizationRequest => AuthorizationRequest.parse(text)

describe('An authorization request', () => {
  it('is what stands in the query and the form together, and no JSON', () => {
    const query = new URLSearchParams('client_id=a')
    const both = AuthorizationRequest.of({ query, form: new URLSearchParams('client_id=b&state=x') })
    expect([both.all('client_id'), both.get('state'), both.repeated()]).toEqual([['a', 'b'], 'x', ['client_id']])
    expect(AuthorizationRequest.of({ query }).toString()).toBe('client_id=a')
    expect(() => AuthorizationRequest.of({ query, json: {} })).toThrow(
      new OAuthError('invalid_request', 'Send the authorization request as a query or a form'),
    )
  })

  it('has the value of a parameter that came once and is not empty', () => {
    const request = parse('one=1&two=1&two=2&empty=&repeated=&repeated=')
    expect(['one', 'two', 'empty', 'repeated', 'missing'].map((name) => request.get(name))).toEqual(['1', ...Array(4).fill(undefined)])
    expect(['one', 'two', 'empty', 'repeated', 'missing'].map((name) => request.isRepeated(name))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ])
    expect([request.all('two'), request.all('missing'), request.repeated()]).toEqual([['1', '2'], [], ['two', 'repeated']])
  })

  it('is looked through once for what came more than once, however many names it has', () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `n${index}=`).join('&')
    const began = performance.now()
    expect(parse(`${names}&n7=`).repeated()).toEqual(['n7'])
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it.each([
    ['', []],
    ['prompt=', []],
    ['prompt=login', ['login']],
    ['prompt=login++consent+', ['login', 'consent']],
    ['prompt=login&prompt=consent', []],
  ])('%s has the prompts %j', (text, prompts) => expect([...parse(text).prompts()]).toEqual(prompts))

  it('is another one with other values, and stays as it was', () => {
    const request = parse('a=1&b=2&c=3')
    expect(request.with({ a: '9', b: undefined, d: '4' }).toString()).toBe('a=9&c=3&d=4')
    expect(request.toString()).toBe('a=1&b=2&c=3')
  })
})

describe('The answer to it', () => {
  const facts = (redirectUri: string, text = 'state=x%26y') => ({ redirectUri, request: parse(text), issuer: 'https://site.example' })

  it.each([
    ['https://app.example/cb', 'https://app.example/cb?'],
    ['https://app.example/cb?a=1', 'https://app.example/cb?a=1&'],
    ['https://app.example/cb?', 'https://app.example/cb?'],
    ['https://app.example/cb?a=1&', 'https://app.example/cb?a=1&'],
    ['https://app.example/cb&', 'https://app.example/cb&?'],
  ])('goes to %s with what it carries behind %s', (redirectUri, before) => {
    expect(codeAnswer(facts(redirectUri), 'ac1_x')).toEqual({
      location: `${before}code=ac1_x&state=x%26y&iss=https%3A%2F%2Fsite.example`,
      page: '',
    })
  })

  it('carries no state that was not sent once, and tells of an error in two words', () => {
    const error = new OAuthError('access_denied', 'No')
    for (const text of ['', 'state=', 'state=a&state=b'])
      expect(errorAnswer(facts('https://app.example/cb', text), error)).toEqual({
        location: 'https://app.example/cb?error=access_denied&error_description=No&iss=https%3A%2F%2Fsite.example',
        page: '',
      })
  })

  it('stays here when nobody is proven to receive it: a page for a person, JSON for a program', () => {
    const error = new OAuthError('invalid_request', 'Missing client_id. parameter.')
    const errorPage = (status: number, message: string): string => `${status} ${message}`
    expect(refusalAnswer(error, true, errorPage)).toEqual({
      status: 400,
      page: "400 Missing client_id. parameter. Go back to the app and start again; if it happens again, tell the app's makers.",
    })
    expect(refusalAnswer(error, false, errorPage)).toEqual({
      status: 400,
      json: { description: 'Missing client_id. parameter.', status_code: 400, error: 'invalid_request' },
    })
  })
})
