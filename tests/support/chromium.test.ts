import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { findChromium, launchOrSkip, NoChromium } from './chromium.ts'

afterEach(() => vi.unstubAllEnvs())

test('a browser renders a page of this machine, takes keys, and reaches no name outside', async (context) => {
  const browser = await launchOrSkip(context)
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html; charset=utf-8').end('<title>Grüße</title><input autofocus>'),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    expect(await page.title()).toBe('Grüße')
    await page.keyboard.type('abc')
    expect(await page.inputValue('input')).toBe('abc')
    await expect(page.goto('http://example.com/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED')
  } finally {
    await browser.close()
    server.close()
  }
})

test('a wrong ANNEX_CHROMIUM is said, and skips a journey outside CI alone', async () => {
  vi.stubEnv('ANNEX_CHROMIUM', '/nowhere/chromium')
  await expect(findChromium()).rejects.toThrow('ANNEX_CHROMIUM names /nowhere/chromium')
  const skipped: string[] = []
  const context = {
    skip(reason: string): never {
      skipped.push(reason)
      throw new Error('skipped')
    },
  }
  vi.stubEnv('ANNEX_CI', '1')
  await expect(launchOrSkip(context)).rejects.toThrow(NoChromium)
  expect(skipped).toEqual([])
  vi.stubEnv('ANNEX_CI', '')
  vi.stubEnv('CI', '')
  await expect(launchOrSkip(context)).rejects.toThrow('skipped')
  expect(skipped).toHaveLength(1)
})
