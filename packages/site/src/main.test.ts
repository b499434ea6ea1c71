import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { get, type OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { engines, temporaryDatabase } from '../../../tests/support/databases.ts'
import { Program } from '../../../tests/support/program.ts'
import { makeKeyRing } from './oauth/keys/key-ring.ts'

const PASSWORD = 'corr3ct-horse-battery'
/** What an earlier release did not make of a search index. */
const PARTS_OF_SEARCH = {
  sqlite: ['trigger "tabToDo~grams-inserted"', 'trigger "tabToDo~grams-updated"', 'view "tabToDo~places"', 'table "tabToDo~grams"'],
  postgres: ['index "tabToDo~key-search"'],
} as const
const leftovers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const remove of leftovers.splice(0).toReversed()) await remove()
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-main-'))
  leftovers.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** `npm run site` with these settings; ends with the test. */
async function start(settings: Readonly<Record<string, string>>): Promise<{ site: Program; url: string }> {
  const site = new Program('site', [], { PORT: '0', ...settings })
  leftovers.push(() => site.stop('SIGKILL'))
  return { site, url: await site.listening() }
}

/** What the site calls itself, asked by a client that may send any Host: `fetch` sends its own. */
function issuerBy(base: string, headers: OutgoingHttpHeaders): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get(`${base}/.well-known/openid-configuration`, { headers }, (answer) => {
      text(answer).then((body) => resolve((JSON.parse(body) as { issuer?: unknown }).issuer), reject)
    }).on('error', reject)
  })
}

describe('The site as a program', () => {
  it('takes any free port, says where it listens, and writes the first password where nobody else reads it', async () => {
    const folder = await emptyFolder()
    const { site, url } = await start({ ANNEX_DATA: folder })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const path = join(folder, 'admin-password')
    expect(site.output.split('\n')).toEqual([
      `The keys of this site are in ${join(folder, 'keys.json')}; keep a copy where the database is not`,
      `The password of Administrator is in ${path}`,
      `listening on ${url}`,
      '',
    ])
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0)
    const password = (await readFile(path, 'utf8')).trim()
    expect(site.output).not.toContain(password)
    await Api.signIn(url, 'Administrator', password)
    expect((await site.stop()).code).toBe(0)
    const again = await start({ ANNEX_DATA: folder })
    expect(again.site.output).toBe(`listening on ${again.url}\n`)
    await Api.signIn(again.url, 'Administrator', password)
  })

  it('takes the password of Administrator at the first start alone, and prints it never', async () => {
    const folder = await emptyFolder()
    const first = await start({ ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: PASSWORD })
    await Api.signIn(first.url, 'Administrator', PASSWORD)
    expect(await readdir(folder)).not.toContain('admin-password')
    expect((await first.site.stop()).stdout).not.toContain(PASSWORD)
    const second = await start({ ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: 'another-password-now' })
    await Api.signIn(second.url, 'Administrator', PASSWORD)
    await expect(Api.signIn(second.url, 'Administrator', 'another-password-now')).rejects.toThrow('401')
  })

  it('goes by ANNEX_URL, or else by loopback and its port, whatever Host a caller sends', async () => {
    const folder = await emptyFolder()
    const { site } = await start({ ANNEX_DATA: folder, ANNEX_URL: 'https://erp.example.com/', ANNEX_HOST: '0.0.0.0' })
    const bound = addressOf(site).replace('0.0.0.0', '127.0.0.1')
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    expect(await issuerBy(bound, evil)).toBe('https://erp.example.com')
    const plain = await start({ ANNEX_DATA: await emptyFolder() })
    expect(await issuerBy(plain.url, evil)).toBe(plain.url)
  })

  it('reads annex.json of the data folder, and the environment before it', async () => {
    const folder = await emptyFolder()
    await writeFile(
      join(folder, 'annex.json'),
      JSON.stringify({ ANNEX_TIMEZONE: 'Asia/Kolkata', ANNEX_ADMIN_PASSWORD: PASSWORD, ANNEX_URL: 'http://file.example' }),
    )
    const { site } = await start({ ANNEX_DATA: folder, ANNEX_URL: 'http://environment.example' })
    expect(site.output).toContain('listening on http://environment.example\n')
    const admin = await Api.signIn(addressOf(site), 'Administrator', PASSWORD)
    const { creation } = await admin.insert('Role', { role_name: 'Clerk' })
    const ahead = Date.parse(`${String(creation)}Z`) - Date.now()
    expect(Math.round(ahead / 60_000)).toBe(330)
  })

  it('takes its key ring as a file or as JSON, and writes none then', async () => {
    const folder = await emptyFolder()
    const ring = makeKeyRing()
    const path = join(await emptyFolder(), 'ring.json')
    await writeFile(path, ring, { mode: 0o600 })
    const first = await start({ ANNEX_DATA: folder, ANNEX_KEYS: path, ANNEX_ADMIN_PASSWORD: PASSWORD })
    const jwks = await (await fetch(`${first.url}/.well-known/jwks.json`)).text()
    await first.site.stop()
    const second = await start({ ANNEX_DATA: folder, ANNEX_KEYS: ring })
    expect(await (await fetch(`${second.url}/.well-known/jwks.json`)).text()).toBe(jwks)
    expect(await readdir(folder)).not.toContain('keys.json')
    expect(second.site.output).toBe(`listening on ${second.url}\n`)
  })

  it('believes X-Forwarded-For from trusted proxies alone', async () => {
    const settings = { ANNEX_ADMIN_PASSWORD: PASSWORD }
    for (const [trusted, status] of [
      ['', 200],
      ['10.0.0.0/8', 200],
      ['10.0.0.0/8, 127.0.0.1', 401],
    ] as const) {
      const { url } = await start({ ...settings, ANNEX_DATA: await emptyFolder(), ANNEX_TRUSTED_PROXIES: trusted })
      const admin = await Api.signIn(url, 'Administrator', PASSWORD)
      await admin.insert('User', { email: 'ann@example.com', first_name: 'Ann', new_password: PASSWORD, loopback_only: 1 })
      const answer = await fetch(`${url}/api/method/login`, {
        method: 'POST',
        headers: { 'x-forwarded-for': '203.0.113.9' },
        body: new URLSearchParams({ usr: 'ann@example.com', pwd: PASSWORD }),
      })
      expect(answer.status).toBe(status)
    }
  })
})

describe.each(engines)('The site as a program, on %s', (engine) => {
  it('may be started twice at once on an empty database: both serve, with one password and one key ring', async () => {
    const database = await temporaryDatabase(engine)
    leftovers.push(() => database.remove())
    const folder = await emptyFolder()
    const settings = { ANNEX_DATA: folder, DATABASE_URL: database.url }
    const both = await Promise.all([start(settings), start(settings)])
    const password = (await readFile(join(folder, 'admin-password'), 'utf8')).trim()
    for (const { url } of both) await Api.signIn(url, 'Administrator', password)
    expect((await readdir(folder)).toSorted()).toEqual(['address', 'admin-password', 'keys.json'])
    for (const { site } of both) expect((await site.stop()).code).toBe(0)
  })

  it('says what it builds for a new release of many documents, and when that is done, to who starts it and in the log', async () => {
    const place = await temporaryDatabase(engine)
    leftovers.push(() => place.remove())
    const settings = { ANNEX_DATA: await emptyFolder(), DATABASE_URL: place.url }
    await (await start(settings)).site.stop()
    const database = await openDatabase(place.url)
    await sql`with recursive counted (n) as (select 1 union all select n + 1 from counted where n < 10000)
      insert into "tabToDo" (name, owner, creation, modified, modified_by, _key)
      select 'T-' || n, 'x', 1, 1, 'x', 'T-' || n from counted`.execute(database.connection)
    for (const part of PARTS_OF_SEARCH[engine]) await sql.raw(`drop ${part}`).execute(database.connection)
    await sql`delete from doctype_release`.execute(database.connection)
    await database.close()
    const { site, url } = await start(settings)
    const { stdout, stderr } = await site.stop()
    const [begun, done, ...rest] = stdout.trim().split('\n')
    expect(begun).toBe('Building the search index of ToDo (10,000 documents) for this release; the site answers when that is done')
    expect(done).toMatch(/^Built the search index of ToDo \(10,000 documents\) in \d+\.\d s$/)
    expect(rest).toEqual([`listening on ${url}`])
    const logged = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { msg: string }] : []))
    expect(logged.map(({ msg }) => msg)).toEqual(expect.arrayContaining([begun, done]))
    expect(logged.find(({ msg }) => msg === done)).toMatchObject({ doctype: 'ToDo', documents: 10_000, took: expect.any(Number) })
    const again = await start(settings)
    expect((await again.site.stop()).stdout).toBe(`listening on ${again.url}\n`)
  })

  it('starts with the driver of its database alone, and without what no first request needs', async () => {
    const database = await temporaryDatabase(engine)
    leftovers.push(() => database.remove())
    const settings = { ANNEX_DATA: await emptyFolder(), DATABASE_URL: database.url, NODE_OPTIONS: `--import=${TELLS_WHAT_IT_LOADS}` }
    const { site } = await start(settings)
    const { stderr } = await site.stop()
    const [driver, other] = engine === 'sqlite' ? [SQLITE_DRIVER, POSTGRES_DRIVER] : [POSTGRES_DRIVER, SQLITE_DRIVER]
    expect(stderr).toContain(driver)
    for (const unneeded of [other, ...LOADED_LATER]) expect(stderr).not.toContain(unneeded)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s with code 0 while requests run, and what it answered with 200 is stored',
    async (signal) => {
      const database = await temporaryDatabase(engine)
      leftovers.push(() => database.remove())
      const settings = { ANNEX_DATA: await emptyFolder(), DATABASE_URL: database.url, ANNEX_ADMIN_PASSWORD: PASSWORD }
      const { site, url } = await start(settings)
      const admin = await Api.signIn(url, 'Administrator', PASSWORD)
      const stored: string[] = []
      let stopped: ReturnType<Program['stop']> | undefined
      const write = async (writer: number): Promise<void> => {
        for (let number = 0; ; number += 1) {
          const name = `Role ${writer} ${number}`
          const answer = await admin.send('POST', '/api/resource/Role', { role_name: name }).catch(() => undefined)
          if (answer === undefined) return
          expect(answer.status).toBe(200)
          stored.push(name)
          if (number === 3) stopped ??= site.stop(signal)
        }
      }
      await Promise.all([1, 2, 3, 4].map(write))
      expect(await stopped).toMatchObject({ code: 0, stderr: '' })
      const again = await start(settings)
      const { body } = await (await Api.signIn(again.url, 'Administrator', PASSWORD)).list('Role', { limit_page_length: 0 })
      const kept = (body['data'] as { name: string }[]).map((row) => row.name)
      expect(kept).toEqual(expect.arrayContaining(stored))
    },
  )
})

describe('The site as a program, stopping', () => {
  it('does not wait for ever for a caller who never ends a request', async () => {
    const { site, url } = await start({ ANNEX_DATA: await emptyFolder(), ANNEX_ADMIN_PASSWORD: PASSWORD })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    leftovers.push(async () => socket.destroy())
    socket.write('POST /api/method/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{')
    await fetch(`${url}/api/method/ping`)
    expect(await site.stop()).toMatchObject({ code: 0, stderr: '' })
  })

  it('stops cleanly when it is told to while it opens', async () => {
    const folder = await emptyFolder()
    const site = new Program('site', [], { PORT: '0', ANNEX_DATA: folder })
    while (!(await readdir(folder)).includes('keys.json')) expect(site.process.exitCode).toBeNull()
    expect(await site.stop('SIGINT')).toMatchObject({ code: 0, stderr: '' })
    await start({ ANNEX_DATA: folder })
  })
})

/** Told to every program through NODE_OPTIONS: it writes each module that it loads to its standard error. */
const TELLS_WHAT_IT_LOADS = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) })
`)}`

const [SQLITE_DRIVER, POSTGRES_DRIVER] = ['/node_modules/better-sqlite3/', '/node_modules/pg/']

/** Each costs megabytes of every process; what brings it stands where it is used first. */
const LOADED_LATER = [
  '/packages/connector/',
  '/packages/site/src/hooks/load-hooks.ts',
  '/node_modules/@fastify/ajv-compiler/',
  '/node_modules/jose/dist/webapi/index.js',
  '/node_modules/nodemailer/',
  '/node_modules/otpauth/',
  '/node_modules/rate-limiter-flexible/index.js',
  '/node_modules/sanitize-html/',
  '/node_modules/undici/',
]

/** Where a site that goes by another URL answers. */
const addressOf = (site: Program): string => /finds this process at (\S+)/.exec(site.output)?.[1] ?? ''
