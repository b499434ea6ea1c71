import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../tests/support/databases.ts'
import { Program, run } from '../../../tests/support/program.ts'
import { makeKeyRing } from './oauth/keys/key-ring.ts'

const PASSWORD = 'corr3ct-horse-battery'
const leftovers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const remove of leftovers.splice(0).toReversed()) await remove()
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-faults-'))
  leftovers.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

type Settings = Readonly<Record<string, string>>

/** The one sentence that a start ends with. */
async function refusal(settings: Settings): Promise<string> {
  const { code, stdout, stderr } = await run('site', [], { PORT: '0', ...settings })
  expect(stdout).not.toContain('listening on')
  expect(stderr).toMatch(/^annex: [^\n]+\n$/)
  expect(code).toBe(1)
  return stderr.slice('annex: '.length).trimEnd()
}

async function startsNow(settings: Settings): Promise<void> {
  const site = new Program('site', [], { PORT: '0', ANNEX_ADMIN_PASSWORD: PASSWORD, ...settings })
  leftovers.push(() => site.stop('SIGKILL'))
  const url = await site.listening()
  const answer = await fetch(`${url}/api/method/login`, {
    method: 'POST',
    body: new URLSearchParams({ usr: 'Administrator', pwd: PASSWORD }),
  })
  expect(answer.status).toBe(200)
  expect((await site.stop()).code).toBe(0)
}

async function listening(server: Server): Promise<number> {
  leftovers.push(() => new Promise((closed) => server.close(closed)))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return (server.address() as AddressInfo).port
}

describe('A start ends with one sentence and code 1', () => {
  it.each([
    ['off loopback without ANNEX_URL', { ANNEX_HOST: '0.0.0.0' }, /^ANNEX_URL: must be set when the site listens beyond loopback/],
    ['with a port that is none', { PORT: 'http' }, /^PORT: must be a whole number/],
    ['with an unknown zone', { ANNEX_TIMEZONE: 'Mars/Olympus' }, /^ANNEX_TIMEZONE: /],
    [
      'with a host that no machine has',
      { ANNEX_HOST: 'annex.invalid', ANNEX_URL: 'http://annex.invalid' },
      /^ANNEX_HOST: there is no host annex\.invalid/,
    ],
    [
      'with an address of another machine',
      { ANNEX_HOST: '192.0.2.1', ANNEX_URL: 'http://annex.example' },
      /^ANNEX_HOST: this machine has no address 192\.0\.2\.1/,
    ],
    ['with a relative path of a database', { DATABASE_URL: 'sqlite:site.db' }, /\(DATABASE_URL\): the path must be absolute/],
    [
      'with a database in a folder that is not there',
      { DATABASE_URL: 'sqlite:/annex/is/not/here/site.db' },
      /^Cannot open the database sqlite:\/annex\/is\/not\/here\/site\.db \(DATABASE_URL\): ENOENT/,
    ],
    [
      'with a database at a host that is not there',
      { DATABASE_URL: 'postgres://ann:s3same@annex.invalid/site' },
      /^Cannot open the database postgres:\/\/ann@annex\.invalid\/site \(DATABASE_URL\): .*ENOTFOUND/,
    ],
    [
      'with a password that would be taken for the place',
      { DATABASE_URL: 'postgres://ann:12/s3same@db/site' },
      /^Cannot open the database whose URL cannot be read \(DATABASE_URL\): write it as postgres:/,
    ],
    [
      'with keys that are no ring',
      { ANNEX_KEYS: '{"signing": [], "rotation": [{"version": "1", "key": "s3same"}]}' },
      /^ANNEX_KEYS: the key ring in the setting must hold exactly one signing key/,
    ],
    [
      'with a key file that is not there',
      { ANNEX_KEYS: '/annex/is/not/here.json' },
      /^ANNEX_KEYS: the key file \/annex\/is\/not\/here\.json cannot be read \(ENOENT\)/,
    ],
  ])('%s', async (_, settings: Settings, sentence) => {
    const said = await refusal({ ANNEX_DATA: await emptyFolder(), ...settings })
    expect(said).toMatch(sentence)
    expect(said).not.toContain('s3same')
  })

  it('when the data folder cannot be made', async () => {
    const file = join(await emptyFolder(), 'file')
    await writeFile(file, '')
    expect(await refusal({ ANNEX_DATA: join(file, 'site') })).toBe(
      `ANNEX_DATA: the data folder ${join(file, 'site')} cannot be made (ENOTDIR); name one that can be written`,
    )
  })

  // The superuser writes everywhere.
  it.skipIf(process.getuid?.() === 0)('when the data folder cannot be written', async () => {
    const folder = await emptyFolder()
    await chmod(folder, 0o500)
    expect(await refusal({ ANNEX_DATA: folder })).toMatch(
      /^ANNEX_KEYS: the key file .* cannot be written \(EACCES\); make the folder writable/,
    )
  })

  it('when the database is something else, which stays as it was', async () => {
    const folder = await emptyFolder()
    await mkdir(join(folder, 'site.db'))
    expect(await refusal({ ANNEX_DATA: folder })).toBe(
      `Cannot open the database sqlite:${join(folder, 'site.db')} (ANNEX_DATA): unable to open database file`,
    )
    const text = join(folder, 'text.db')
    await writeFile(text, 'Dear diary, this is certainly not a database of any kind, and should never become one')
    expect(await refusal({ ANNEX_DATA: folder, DATABASE_URL: `sqlite:${text}` })).toBe(
      `Cannot open the database sqlite:${text} (DATABASE_URL): file is not a database`,
    )
  })

  it('when nothing listens where the database should be, or the password is wrong, which it never repeats', async () => {
    const gone = createServer()
    const nowhere = await listening(gone)
    await new Promise((closed) => gone.close(closed))
    expect(await refusal({ ANNEX_DATA: await emptyFolder(), DATABASE_URL: `postgres://ann:s3same@127.0.0.1:${nowhere}/site` })).toMatch(
      /^Cannot open the database postgres:\/\/ann@127\.0\.0\.1:\d+\/site \(DATABASE_URL\): .*ECONNREFUSED/,
    )
    const port = await listening(createServer(refusePassword))
    const said = await refusal({ ANNEX_DATA: await emptyFolder(), DATABASE_URL: `postgres://ann:s3same@127.0.0.1:${port}/site` })
    expect(said).toBe(
      `Cannot open the database postgres://ann@127.0.0.1:${port}/site (DATABASE_URL): password authentication failed for user "ann"`,
    )
  })

  it('when the port is taken, and makes it at the next start', async () => {
    const server = createServer()
    const settings = { ANNEX_DATA: await emptyFolder(), PORT: String(await listening(server)) }
    expect(await refusal({ ...settings, ANNEX_ADMIN_PASSWORD: PASSWORD })).toBe(
      `PORT: ${settings.PORT} is taken by another program; set another, or 0 for any free one`,
    )
    await new Promise((closed) => server.close(closed))
    await startsNow(settings)
  })

  it('when its key file was damaged, or can be read by everybody', async () => {
    const folder = await emptyFolder()
    const path = join(folder, 'keys.json')
    const ring = makeKeyRing()
    await writeFile(path, ring.slice(0, ring.length / 2), { mode: 0o600 })
    const said = await refusal({ ANNEX_DATA: folder })
    expect(said).toBe(`ANNEX_KEYS: the key ring ${path} must be JSON with the lists "signing" and "rotation"`)
    expect(await readdir(folder)).toEqual(['keys.json'])
    await writeFile(path, ring)
    await chmod(path, 0o644)
    expect(await refusal({ ANNEX_DATA: folder })).toMatch(/^ANNEX_KEYS: the key file .* can be read by everybody; run chmod 600 on it$/)
    await chmod(path, 0o600)
    await startsNow({ ANNEX_DATA: folder })
  })
})

describe.each(engines)('A start on %s ends with one sentence and code 1', (engine) => {
  const databaseUrl = async (): Promise<string> => {
    const database = await temporaryDatabase(engine)
    leftovers.push(() => database.remove())
    return database.url
  }

  it('when the site uses a key that this process lacks', async () => {
    const settings = { ANNEX_DATA: await emptyFolder(), DATABASE_URL: await databaseUrl() }
    await startsNow({ ...settings, ANNEX_KEYS: makeKeyRing() })
    expect(await refusal({ ...settings, ANNEX_KEYS: makeKeyRing() })).toMatch(
      /^ANNEX_KEYS: this site uses the key \S+, which this process lacks; give every process of the site the same key ring$/,
    )
  })

  it('when a migration fails, which leaves nothing of itself: the next start goes on from there', async () => {
    const settings = { ANNEX_DATA: await emptyFolder(), DATABASE_URL: await databaseUrl() }
    const database = await openDatabase(settings.DATABASE_URL)
    try {
      await sql`create table account (stranger integer)`.execute(database.connection)
      const said = await refusal(settings)
      expect(said).toMatch(
        /^DATABASE_URL: the database \S+ does not do what is asked of it: Migration .+ failed and was undone: .*account.* already exists/,
      )
      expect(await readdir(settings.ANNEX_DATA)).toEqual(['keys.json'])
      await sql`drop table account`.execute(database.connection)
    } finally {
      await database.close()
    }
    await startsNow(settings)
  })
})

describe.skipIf(process.platform === 'win32')('A start on a disk that is full', () => {
  // Where not even its side files have room, the database cannot be opened.
  const FULL =
    /^annex: (?:ANNEX_DATA: the database sqlite:\S+ does not do what is asked of it|Cannot open the database sqlite:\S+ \(ANNEX_DATA\)): [^\n]+\n$/
  // A limit on the size of files, in blocks of 512 or 1024 bytes: writes beyond it fail as on a full disk.
  it.each([32, 128, 400])('ends with one sentence and code 1 (%i blocks), and the next one makes it', async (blocks) => {
    const settings = { ANNEX_DATA: await emptyFolder() }
    const site = new Program('site', [], { PORT: '0', ...settings }, ['/bin/sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'])
    expect(await site.ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(FULL) as string,
    })
    await startsNow(settings)
  })
})

/** As PostgreSQL answers a wrong password (its protocol, ErrorResponse). */
function refusePassword(socket: Socket): void {
  socket.on('error', () => {})
  socket.once('data', () => {
    const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "ann"\0\0')
    const head = Buffer.from('E\0\0\0\0')
    head.writeInt32BE(fields.length + 4, 1)
    socket.end(Buffer.concat([head, fields]))
  })
}
