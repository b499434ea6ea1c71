import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Program, run } from '../../../tests/support/program.ts'
import { makeKeyRing } from './oauth/keys/key-ring.ts'

const PASSWORD = 'corr3ct-horse-battery'
const ISSUER = 'https://erp.example.com'

describe('A site in production', () => {
  let folder: string
  let keys: string
  let number = 0
  let site: Program | undefined
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-production-'))
    keys = join(folder, 'ring.json')
    await writeFile(keys, makeKeyRing(), { mode: 0o600 })
  })
  afterEach(() => site?.stop('SIGKILL'))
  afterAll(() => rm(folder, { recursive: true }))
  const production = (): Record<string, string> => ({
    ANNEX_ENV: 'production',
    ANNEX_URL: ISSUER,
    ANNEX_KEYS: keys,
    PORT: '0',
    ANNEX_DATA: join(folder, `site-${number}`),
  })
  const newSite = (): void => void (number += 1)
  const start = async (settings: Readonly<Record<string, string>>): Promise<string> => {
    site = new Program('site', [], settings)
    await site.listening()
    return /finds this process at (\S+)/.exec(site.output)?.[1] ?? ''
  }
  const signIn = (address: string, pwd: string): Promise<Response> =>
    fetch(`${address}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr: 'Administrator', pwd }) })

  it.each([
    ['ANNEX_URL', { ANNEX_URL: 'http://erp.example.com' }],
    ['ANNEX_URL', { ANNEX_URL: '' }],
    ['ANNEX_KEYS', { ANNEX_KEYS: '' }],
    ['ANNEX_ADMIN_PASSWORD', { ANNEX_ADMIN_PASSWORD: 'admin' }],
    ['ANNEX_ADMIN_PASSWORD', { ANNEX_ADMIN_PASSWORD: 'adm1n-123' }],
    ['ANNEX_ADMIN_PASSWORD', { ANNEX_ADMIN_PASSWORD: 'Password2026!' }],
  ])('does not start with a wrong %s: %j', async (setting, settings) => {
    newSite()
    const { code, stdout, stderr } = await run('site', [], { ...production(), ...settings })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^annex: ${setting}: [^\\n]+\\n$`))
    for (const secret of Object.values(settings)) if (setting === 'ANNEX_ADMIN_PASSWORD') expect(stderr).not.toContain(secret)
  })

  it('sends Secure cookies and tells browsers to stay with https, and needs no password after the first start', async () => {
    newSite()
    const first = await start({ ...production(), ANNEX_ADMIN_PASSWORD: PASSWORD })
    const answer = await signIn(first, PASSWORD)
    expect(answer.status).toBe(200)
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toMatch(/; Secure(;|$)/)
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
    expect((await fetch(`${first}/login`)).headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
    expect(site?.output).toBe(`The proxy of ${ISSUER} finds this process at ${first}\nlistening on ${ISSUER}\n`)
    expect((await site?.stop())?.code).toBe(0)
    const again = await start(production())
    expect((await signIn(again, PASSWORD)).status).toBe(200)
  })

  it('makes a password of its own when none is set', async () => {
    newSite()
    const address = await start(production())
    const path = join(folder, `site-${number}`, 'admin-password')
    expect(site?.output).toContain(`The password of Administrator is in ${path}\n`)
    expect((await signIn(address, (await readFile(path, 'utf8')).trim())).status).toBe(200)
  })

  it('does not start when Administrator still has the password of a trial', async () => {
    newSite()
    const trial = { ...production(), ANNEX_ENV: '', ANNEX_URL: '' }
    site = new Program('site', [], { ...trial, ANNEX_ADMIN_PASSWORD: 'admin' })
    await site.listening()
    await site.stop()
    expect(await run('site', [], production())).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'annex: ANNEX_ENV: the password of Administrator is one that everybody tries; start without production, change it, and start again\n',
    })
  })
})

describe('A site in development', () => {
  it('sends neither Secure cookies nor HSTS over http', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-development-'))
    const site = new Program('site', [], { PORT: '0', ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: 'admin' })
    try {
      const answer = await fetch(`${await site.listening()}/api/method/login`, {
        method: 'POST',
        body: new URLSearchParams({ usr: 'Administrator', pwd: 'admin' }),
      })
      expect(answer.status).toBe(200)
      expect(answer.headers.has('strict-transport-security')).toBe(false)
      for (const cookie of answer.headers.getSetCookie()) expect(cookie).not.toContain('Secure')
    } finally {
      await site.stop()
      await rm(folder, { recursive: true })
    }
  })
})
