import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const folders: string[] = []
const folder = (settings?: unknown): string => {
  const made = mkdtempSync(join(tmpdir(), 'annex-config-'))
  folders.push(made)
  if (settings !== undefined) writeFileSync(join(made, 'annex.json'), typeof settings === 'string' ? settings : JSON.stringify(settings))
  return made
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true })
})

describe('the settings of a site', () => {
  it('have defaults that run on loopback with SQLite', () => {
    const config = readConfig({ ANNEX_DATA: folder() })
    expect([config.host, config.port, config.timezone, config.production]).toEqual(['127.0.0.1', 8000, 'UTC', false])
    expect(config.databaseUrl).toBe(`sqlite:${config.dataFolder}/site.db`)
  })

  it('stand in annex.json too, and the environment wins', () => {
    const config = readConfig({ ANNEX_DATA: folder({ PORT: 9001, ANNEX_TIMEZONE: 'Asia/Kolkata' }), PORT: '9002' })
    expect([config.port, config.timezone]).toEqual([9002, 'Asia/Kolkata'])
  })

  it.each([
    ['PORT', { PORT: 'eighty' }],
    ['PORT', { PORT: '70000' }],
    ['ANNEX_SMTP_URL', { ANNEX_SMTP_URL: 'https://mail.example', ANNEX_MAIL_FROM: 'site@example.com' }],
    ['ANNEX_SMTP_URL', { ANNEX_MAIL_FROM: 'site@example.com' }],
    ['ANNEX_MAIL_FROM', { ANNEX_SMTP_URL: 'smtp://mail.example' }],
    ['ANNEX_MAIL_FROM', { ANNEX_SMTP_URL: 'smtp://mail.example', ANNEX_MAIL_FROM: 'Annex' }],
    ...['a@x,b@x', 'a@x b@x', 'Annex\r\nBcc: b@x <a@x>', 'Annex\u2028 <a@x>', 'a\u0000@x', 'group:a@x'].map(
      (from): [string, Record<string, string>] => ['ANNEX_MAIL_FROM', { ANNEX_SMTP_URL: 'smtp://mail.example', ANNEX_MAIL_FROM: from }],
    ),
    ['DATABASE_URL', { DATABASE_URL: 'mysql://x' }],
    ['ANNEX_URL', { ANNEX_URL: 'erp.example.com' }],
    ['ANNEX_URL', { ANNEX_URL: 'https://erp.example.com/path' }],
    ['ANNEX_URL', { ANNEX_HOST: '0.0.0.0' }],
    ['ANNEX_URL', { ANNEX_HOST: '127.example.com' }],
    ['ANNEX_URL', { ANNEX_HOST: '127.1' }],
    ['ANNEX_URL', { ANNEX_HOST: 'localhost.example.com' }],
    ['ANNEX_TRUSTED_PROXIES', { ANNEX_TRUSTED_PROXIES: '10.0.0.0/33' }],
    ['ANNEX_TRUSTED_PROXIES', { ANNEX_TRUSTED_PROXIES: '10.0.0.0/8, ::1/129' }],
    ['ANNEX_TRUSTED_PROXIES', { ANNEX_TRUSTED_PROXIES: '10.0.0' }],
    ['ANNEX_TIMEZONE', { ANNEX_TIMEZONE: 'Mars/Olympus' }],
    ['ANNEX_ALLOW_PRIVATE', { ANNEX_ALLOW_PRIVATE: 'localhost' }],
    ['ANNEX_ALLOW_ADMINISTRATOR', { ANNEX_ALLOW_ADMINISTRATOR: 'maybe' }],
    ['ANNEX_MAX_FILE_SIZE', { ANNEX_MAX_FILE_SIZE: '25 MB' }],
    ['ANNEX_MAX_FILE_SIZE', { ANNEX_MAX_FILE_SIZE: '0' }],
    ['ANNEX_UPSTREAM_KEY', { ANNEX_UPSTREAM: 'https://erp.example.com' }],
    ['ANNEX_ENV', { ANNEX_ENV: 'staging' }],
    ['ANNEX_URL', { ANNEX_ENV: 'production', ANNEX_URL: 'http://erp.example.com', ANNEX_KEYS: 'keys.json' }],
    ['ANNEX_KEYS', { ANNEX_ENV: 'production', ANNEX_URL: 'https://erp.example.com' }],
    [
      'ANNEX_ADMIN_PASSWORD',
      { ANNEX_ENV: 'production', ANNEX_URL: 'https://erp.example.com', ANNEX_KEYS: 'keys.json', ANNEX_ADMIN_PASSWORD: 'admin' },
    ],
    [
      'ANNEX_ADMIN_PASSWORD',
      {
        ANNEX_ENV: 'production',
        ANNEX_URL: 'https://erp.example.com',
        ANNEX_KEYS: 'keys.json',
        ANNEX_ADMIN_PASSWORD: 'Administrator-2026!',
      },
    ],
    [
      'ANNEX_ADMIN_PASSWORD',
      { ANNEX_ENV: 'production', ANNEX_URL: 'https://erp.example.com', ANNEX_KEYS: 'keys.json', ANNEX_ADMIN_PASSWORD: 'passwordpassword' },
    ],
    [
      'ANNEX_ADMIN_PASSWORD',
      { ANNEX_ENV: 'production', ANNEX_URL: 'https://erp.example.com', ANNEX_KEYS: 'keys.json', ANNEX_ADMIN_PASSWORD: '1234567890' },
    ],
  ])('stop the start by the name %s when it cannot work: %j', (setting, environment) => {
    expect(() => readConfig({ ANNEX_DATA: folder(), ...environment })).toThrow(expect.objectContaining({ setting }))
  })

  it('name a setting of annex.json that nobody reads, and a file that is not JSON', () => {
    expect(() => readConfig({ ANNEX_DATA: folder({ ANNEX_PROT: 1 }) })).toThrow(/ANNEX_PROT is not a setting/)
    expect(() => readConfig({ ANNEX_DATA: folder('{') })).toThrow(/not valid JSON/)
  })
})
