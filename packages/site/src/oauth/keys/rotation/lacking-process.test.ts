import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { startSite } from '../../../../../../tests/support/site.ts'
import { readConfig } from '../../../config.ts'
import { openSite } from '../../../site.ts'

it.each([
  ['key that signs', 'rotate'],
  ['secret key', 'rotateSecret'],
] as const)(
  'a process goes on with the %s that it has, and stops with one sentence when the site uses one that it was not given',
  async (_key, rotate) => {
    const site = await startSite('postgres')
    const keys = await readFile(join(site.folder, 'keys.json'), 'utf8')
    // It has the ring of now, and no way to a new one.
    const second = await startSite('postgres', { DATABASE_URL: site.databaseUrl, ANNEX_KEYS: keys })
    const operator = await openSite(readConfig({ ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl }))
    const jwks = async (url: string): Promise<number> => (await fetch(`${url}/.well-known/jwks.json`)).status
    try {
      await operator.keys[rotate]({ early: true })
      expect([await jwks(site.url), await jwks(second.url)]).toEqual([200, 200])
      expect(second.output()).toContain("is the site's next one and this process lacks it")
      await operator.keys[rotate]({ early: true })
      expect(await jwks(site.url)).toBe(200)
      await jwks(second.url).catch(() => undefined)
      await vi.waitFor(
        () => expect(second.output()).toMatch(/^annex: ANNEX_KEYS: this site uses the key \S+, which this process lacks; /m),
        10_000,
      )
      await vi.waitFor(() => expect(jwks(second.url)).rejects.toThrow('fetch failed'), 10_000)
      expect(await jwks(site.url)).toBe(200)
    } finally {
      await operator.close()
      await second.close()
      await site.close()
    }
  },
)
