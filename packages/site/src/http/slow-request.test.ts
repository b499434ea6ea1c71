import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'
import { expect, it } from 'vitest'
import { TestServer } from './http.fixture.ts'

const BEGUN = 'http.server.request.start'

it('waits for the head of a request a minute and for its body five, so that slow ones do not gather', async () => {
  const site = await TestServer.start()
  const path = '/api/echo?which=this'
  const seen: Server[] = []
  const note = (message: unknown): void => {
    const { request, server } = message as { readonly request: IncomingMessage; readonly server: Server }
    if (request.url === path) seen.push(server)
  }
  subscribe(BEGUN, note)
  try {
    await site.ask(path)
    expect(seen.map(({ headersTimeout, requestTimeout }) => [headersTimeout, requestTimeout])).toEqual([[60_000, 300_000]])
  } finally {
    unsubscribe(BEGUN, note)
    await site.close()
  }
})
