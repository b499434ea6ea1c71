import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, it } from 'vitest'
import { TestServer } from '../http.fixture.ts'
import { MOST_WAITING } from './limit-pipelining.ts'

const BEGUN = 'http.server.request.start'
const ONE = 'GET /api/echo HTTP/1.1\r\nhost: x\r\n\r\n'

it('answers requests that a connection sends without waiting, in their order', async () => {
  const site = await TestServer.start()
  try {
    const sent = Array.from({ length: MOST_WAITING + 1 }, (_, index) => ONE.replace('echo', `echo?n=${index}`)).join('')
    const answers = (await site.askRaw(sent)).matchAll(/"n":"(\d+)"/g)
    expect([...answers].map(([, number]) => Number(number))).toEqual(Array.from({ length: MOST_WAITING + 1 }, (_, index) => index))
  } finally {
    await site.close()
  }
})

it('ends a connection that goes on and on, and reads no more of what it sent', async () => {
  const site = await TestServer.start()
  let read = 0
  const note = (): void => void (read += 1)
  subscribe(BEGUN, note)
  try {
    await site.askRaw(ONE.repeat(1500)).catch(() => undefined)
    expect((await site.ask('/api/echo')).status).toBe(200)
    expect(read).toBeLessThanOrEqual(MOST_WAITING + 3)
  } finally {
    unsubscribe(BEGUN, note)
    await site.close()
  }
})
