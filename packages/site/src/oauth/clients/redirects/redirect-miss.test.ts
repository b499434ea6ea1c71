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

  it('is compared with nothing when nothing is registered', () => {
    expect(redirectMiss('https://a.example/cb', { redirectUris: [] })).toBeUndefined()
  })
})
