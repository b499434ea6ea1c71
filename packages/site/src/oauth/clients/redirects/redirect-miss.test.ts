import { describe, expect, it } from 'vitest'
import { redirectMiss } from './redirect-miss.ts'

const registered = ['https://app.example.com/cb', 'http://127.0.0.1:8080/done']

describe('a redirect URI that nearly matches', () => {
  it.each<[sent: string, difference: RegExp]>([
    ['http://app.example.com/cb', /app\.example\.com\/cb”\. The first difference is character 5: “:” was sent where “s” .*\(the scheme\)/],
    ['https://App.example.com/cb', /character 9: “A” was sent where “a” is registered \(the host: upper and lower case differ\)/],
    ['https://app.example.com/CB', /character 25: “C” was sent where “c” is registered \(the path: upper and lower case differ\)/],
    ['https://app.example.com/cb/', /character 27: “\/” was sent where nothing is registered \(the path: one slash too many at the end\)/],
    ['https://app.example.com:8443/cb', /character 24: “:” was sent where “\/” is registered \(the port: none is registered\)/],
    ['http://127.0.0.1/done', /character 17: “\/” was sent where “:” is registered \(the port: :8080 is missing\)/],
    ['http://127.0.0.1:8081/done', /character 21: “1” was sent where “0” is registered \(the port\)/],
    ['https://app.example.com/cb?x=1', /character 27: “\?” was sent where nothing is registered \(the query\)/],
    ['https://app.example.com/cb#x', /\(the fragment\)/],
    ['https://me@app.example.com/cb', /\(the part before @\)/],
    ['https://app.example.org/cb', /character 21: “o” was sent where “c” is registered \(the host\)/],
    ['', /was sent where “h” is registered/],
  ])('%s: the first difference is named', (sent, difference) => {
    expect(redirectMiss(sent, { redirectUris: registered })).toMatch(difference)
  })

  it('says that the slash at the end is missing', () => {
    expect(redirectMiss('https://a.example/cb', { redirectUris: ['https://a.example/cb/'] })).toMatch(/the slash at the end is missing/)
  })

  it.each<[sent: string, registered: string[], sentence: string]>([
    [
      'https://a.example/cb',
      ['https://a.example/cb/'],
      '“https://a.example/cb/”. The first difference is character 21: nothing was sent where “/” is registered (the path: the slash at the end is missing).',
    ],
    [
      'https://a.example/cb',
      ['https://a.example/cbx'],
      '“https://a.example/cbx”. The first difference is character 21: nothing was sent where “x” is registered (the path).',
    ],
    [
      'https://a.example/cbx',
      ['https://a.example/cb'],
      '“https://a.example/cb”. The first difference is character 21: “x” was sent where nothing is registered (the path).',
    ],
    [
      'https://a.example/cb/',
      ['https://b.example/cb'],
      '“https://b.example/cb”. The first difference is character 9: “a” was sent where “b” is registered (the host).',
    ],
    [
      'https://a.example/cb',
      ['https://b.example/cb/'],
      '“https://b.example/cb/”. The first difference is character 9: “a” was sent where “b” is registered (the host).',
    ],
    [
      'https://a.example/cb?x/',
      ['https://a.example/cb?x'],
      '“https://a.example/cb?x”. The first difference is character 23: “/” was sent where nothing is registered (the query).',
    ],
    [
      'https://a.example/cb#x',
      ['https://a.example/cb#y'],
      '“https://a.example/cb#y”. The first difference is character 22: “x” was sent where “y” is registered (the fragment).',
    ],
    [
      'https://a.example/cb#x/\n/',
      ['https://a.example/cb#x'],
      '“https://a.example/cb#x”. The first difference is character 23: “/” was sent where nothing is registered (the fragment).',
    ],
    [
      'https://me@a.example/cb',
      ['https://ME@a.example/cb'],
      '“https://ME@a.example/cb”. The first difference is character 9: “m” was sent where “M” is registered (the part before @: upper and lower case differ).',
    ],
    [
      'http://[::1]:80/cb',
      ['http://[::2]:80/cb'],
      '“http://[::2]:80/cb”. The first difference is character 11: “1” was sent where “2” is registered (the host).',
    ],
    [
      'http://[::1]:80/cb',
      ['http://[::1]/cb'],
      '“http://[::1]/cb”. The first difference is character 13: “:” was sent where “/” is registered (the port: none is registered).',
    ],
    [
      'http://[::1]/cb',
      ['http://[::1]:80/cb'],
      '“http://[::1]:80/cb”. The first difference is character 13: “/” was sent where “:” is registered (the port: :80 is missing).',
    ],
    [
      'HTTPS://a.example/cb',
      ['https://a.example/cb'],
      '“https://a.example/cb”. The first difference is character 1: “H” was sent where “h” is registered (the scheme: upper and lower case differ).',
    ],
    [
      'com.app:/cb',
      ['com.app:/bc'],
      '“com.app:/bc”. The first difference is character 10: “c” was sent where “b” is registered (the path).',
    ],
    ['/cb', ['com.app:/cb'], '“com.app:/cb”. The first difference is character 1: “/” was sent where “c” is registered (the scheme).'],
  ])('%s: against %j it is told in one sentence', (sent, uris, sentence) => {
    expect(redirectMiss(sent, { redirectUris: uris })).toBe(`Nearest registered: ${sentence}`)
  })

  it.each<[sent: string, uris: string[], nearest: string]>([
    ['https://a.example/cbx', ['https://b.example/cbx', 'https://a.example/cb'], 'https://b.example/cbx'],
    ['https://a.example/one', ['https://z.example/', 'https://z.example/one'], 'https://z.example/one'],
    ['https://a.example/aab', ['https://a.example/ab', 'https://a.example/aac'], 'https://a.example/aac'],
    ['https://a.example/cb', ['https://a.example/cbxxxx', 'https://a.example/cbx'], 'https://a.example/cbx'],
    ['https://a.example/cb', ['https://a.example/cbxx', 'https://b.example/cb'], 'https://a.example/cbxx'],
    ['https://a.example/cb', ['https://a.example/cb', 'https://b.example/cb'], 'https://b.example/cb'],
  ])('%s: of %j the nearest is %s', (sent, uris, nearest) => {
    expect(redirectMiss(sent, { redirectUris: uris })).toContain(`Nearest registered: “${nearest}”.`)
    expect(redirectMiss(sent, { redirectUris: uris.toReversed() })).toContain(`Nearest registered: “${nearest}”.`)
  })

  it('a registered address that is long is shown cut', () => {
    const long = `https://a.example/${'x'.repeat(300)}`
    expect(redirectMiss('https://a.example/', { redirectUris: [long] })).toContain(`“${long.slice(0, 200)}”. The`)
  })

  it('what was sent is compared with nothing when nothing is registered', () => {
    expect(redirectMiss('https://a.example/cb', { redirectUris: [] })).toBeUndefined()
  })
})
