import { describe, expect, test } from 'vitest'
import { isLoopback, mayBeLoopback } from './loopback.ts'

const HERE = ['127.0.0.1', '127.0.0.2', '127.255.255.255', '::1', '[::1]', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1', '::FFFF:127.9.0.1']
/** Another machine's, or no address as URLs and sockets spell one. */
const ELSEWHERE = [
  '',
  '127.example.com',
  '127.0.0.1.example.com',
  '127.0.0.1.nip.io',
  'localhost.example.com',
  'notlocalhost',
  'localhost@evil.example',
  '127',
  '127.0.0.256',
  '127.0.0.01',
  '127.0.0.1\n',
  '128.0.0.1',
  '10.127.0.0.1',
  '::2',
  '[::1].example.com',
  '[::ffff:8000:1]',
  '::ffff:10.0.0.1',
  '::ffff:127.0.0.1.example.com',
]

describe('the machine itself', () => {
  test.each([...HERE, '[::ffff:7f00:1]', '[::ffff:127.0.0.1]'])('is %s', (host) => {
    expect([isLoopback(host), mayBeLoopback(host)]).toEqual([true, true])
  })

  test.each([...ELSEWHERE, '127.1', '0x7f.1'])('is not %j', (host) => {
    expect([isLoopback(host), mayBeLoopback(host)]).toEqual([false, false])
  })

  test.each(['localhost.', 'LOCALHOST.', 'app.localhost', 'app.localhost.', '0.0.0.0', '::', '[::]'])(
    'may be %s, which is not enough to be trusted with what must not cross the network',
    (host) => expect([isLoopback(host), mayBeLoopback(host)]).toEqual([false, true]),
  )

  // A URL rewrites what a browser would take for an address.
  test.each([
    ['http://127.1/', true],
    ['http://0x7f.1/', true],
    ['http://2130706433/', true],
    ['http://017700000001/', true],
    ['http://127.0.0.1./', true],
    ['http://LOCALHOST/', true],
    ['http://[::ffff:127.0.0.1]/', true],
    ['http://[0:0:0:0:0:0:0:1]/', true],
    ['http://127.example.com/', false],
    ['http://127.0.0.1.example.com/', false],
    ['http://127.0.0.1@evil.example/', false],
    ['http://localhost./', false],
  ])('of %s, as a URL spells it: %s', (url, here) => {
    expect(isLoopback(new URL(url).hostname)).toBe(here)
  })
})
