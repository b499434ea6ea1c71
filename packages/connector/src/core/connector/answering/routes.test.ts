import { expect, test } from 'vitest'
import { dispatch, leadsTo, lateRoom, lateWorkingRoom } from './routes.ts'
import type { Room, Route } from '../room.ts'

const route = (method: Route['method'], path: string): Route => ({ method, path, body: false })
const saying = (method: Route['method'], path: string, text: string): Room['routes'][number] => ({
  route: route(method, path),
  answer: () => Promise.resolve(new Response(text)),
})
const routes = [
  saying('GET', '/connect/login', 'login'),
  saying('POST', '/connect/logout', 'logout'),
  saying('GET', '/connect/links/*', 'links'),
]

test.each<[string, string, string | number | undefined]>([
  ['GET', '/connect/login', 'login'],
  ['HEAD', '/connect/login', 405],
  ['HEAD', '/connect/links/Visit.customer', 405],
  ['GET', '/connect/login/', undefined],
  ['GET', '/connect/links/Visit.customer', 'links'],
  ['GET', '/connect/links/', undefined],
  ['GET', '/connect/links', undefined],
  ['GET', '/connect/logout', 405],
  ['DELETE', '/connect/logout', 405],
  ['GET', '/visits', undefined],
])('%s %s is answered with %s', async (method, path, expected) => {
  const answer = await dispatch(new Request(`https://shop.example.com${path}`, { method }), routes)
  expect(answer?.status === 405 ? 405 : await answer?.text()).toBe(expected)
})

test.each<[string, string, boolean]>([
  ['/t/:tenant/connect/*', '/t/acme/connect/login', true],
  ['/t/:tenant/connect/*', '/t/acme/connect/', false],
  ['/t/:tenant/connect/*', '/t/acme/visits', false],
  ['/t/:tenant/connect/*', '/t//connect/login', false],
  ['/t/:tenant/connect/*', '/u/acme/connect/login', false],
  ['/connect/:tenant/*', '/connect/acme/links/Visit', true],
  ['/connect/:tenant/*', '/connect/login', false],
])('the route %s leads to %s: %s', (path, asked, expected) => expect(leadsTo(path, asked)).toBe(expected))

test('405 names the methods that there are', async () => {
  const answer = await dispatch(new Request('https://shop.example.com/connect/logout'), routes)
  expect(answer?.headers.get('allow')).toBe('POST')
})

test('a late room is opened by its first request, once, and again when it could not be', async () => {
  let opened = 0
  const room = lateWorkingRoom([route('GET', '/connect/links/*')], () => {
    opened += 1
    return opened === 1 ? Promise.reject(new Error('away')) : Promise.resolve({ routes, work: () => Promise.resolve({ inbox: 1 }) })
  })
  const ask = () => dispatch(new Request('https://shop.example.com/connect/links/a'), room.routes)
  expect(opened).toBe(0)
  await expect(ask()).rejects.toThrow('away')
  expect(await (await Promise.all([ask(), ask()]))[0]?.text()).toBe('links')
  expect(await room.work?.(new AbortController().signal)).toEqual({ inbox: 1 })
  expect(opened).toBe(2)
  expect('work' in lateRoom([], () => Promise.reject(new Error('away')))).toBe(false)
})
