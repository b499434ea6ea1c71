import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSite, readConfig } from '@annex/site'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { connect, registerApp, renew } from '../../../tests/support/callers/connected-app.ts'
import { Visitor } from '../../../tests/support/callers/visitor.ts'
import { engines, temporaryDatabase } from '../../../tests/support/databases.ts'
import { run, type Ended } from '../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../tests/support/site.ts'

const PASSWORD = 'corr3ct-horse-battery'

describe.each(engines)('annex backup, restore and copy beside a running site, on %s', (engine) => {
  let site: RunningSite
  let folder: string
  let admin: Api
  const annex = (...words: string[]): Promise<Ended> => run('annex', words, { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl })
  const signIn = (): Promise<Api> => Api.signIn(site.url, 'Administrator', site.adminPassword)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-backup-'))
    site = await startSite(engine)
    admin = await signIn()
    const permissions = [{ role: 'System Manager', read: 1, write: 1, create: 1 }]
    await admin.insert('DocType', { name: 'Note Card', autoname: 'prompt', fields: [{ fieldname: 'a', fieldtype: 'Data' }], permissions })
    await admin.insert('Note Card', { name: 'kept', a: 'before' })
    await admin.insert('User', { email: 'ann@example.com', first_name: 'Ann', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
  })
  afterAll(async () => {
    await site.close()
    await rm(folder, { recursive: true })
  })

  it('puts the site back as it was, in one go, and no token or session of before is good any more', async () => {
    const app = await registerApp(admin, { scopes: 'openid Note.Card:read' })
    const visitor = await new Visitor(site.url).signIn('ann@example.com', PASSWORD)
    const tokens = await connect(visitor, app, 'openid Note.Card:read')
    const byToken = Api.byToken(site.url, tokens.access)
    expect(await byToken.read('Note Card', 'kept')).toMatchObject({ a: 'before' })

    const file = join(folder, 'site.backup')
    expect(await annex('backup', '--to', file)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^tabNote Card  1$/m) as string,
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await annex('backup', '--to', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('with --force') as string })

    await admin.update('Note Card', 'kept', { a: 'after' })
    await admin.insert('Note Card', { name: 'later', a: 'x' })
    await admin.update('DocType', 'Note Card', { fields: [{ fieldname: 'b', fieldtype: 'Int' }] })

    const asked = await annex('restore', '--from', file)
    expect(asked).toMatchObject({ code: 1, stdout: '' })
    expect(asked.stderr).toMatch(
      /^annex: the database holds \d+ rows in \d+ tables, and all of them would be replaced by the \d+ rows of .*; repeat with --yes\n$/,
    )
    expect(await admin.read('Note Card', 'later')).toBeDefined()

    expect(await annex('restore', '--from', file, '--yes')).toMatchObject({ code: 0, stderr: '' })
    expect((await byToken.send('GET', '/api/resource/Note%20Card/kept')).status).toBe(401)
    expect((await renew(site.url, app, tokens.refresh)).status).toBe(400)
    expect((await admin.send('GET', '/api/resource/Note%20Card/kept')).status).toBeGreaterThanOrEqual(401)

    const again = await signIn()
    expect(await again.read('Note Card', 'kept')).toMatchObject({ a: 'before' })
    expect((await again.send('GET', '/api/resource/Note%20Card/later')).status).toBe(404)
    await again.insert('Note Card', { name: 'written', a: 'goes on' })
    const anew = await connect(await new Visitor(site.url).signIn('ann@example.com', PASSWORD), app, 'openid Note.Card:read')
    expect(await Api.byToken(site.url, anew.access).read('Note Card', 'written')).toMatchObject({ a: 'goes on' })
  })

  it('copies the site into another database, with a count for each table', async () => {
    const target = await temporaryDatabase(engine === 'sqlite' ? 'postgres' : 'sqlite')
    try {
      const ended = await annex('copy', '--from', site.databaseUrl, '--to', target.url)
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout).toMatch(/^tabDocField  \d{2,}$/m)
      expect(ended.stdout).toMatch(/^Copied: \d+ tables, \d+ rows\. Every table was read again and is the same\./m)
      expect((await annex('copy', '--from', site.databaseUrl, '--to', target.url)).stderr).toMatch(/^annex: The database .* is not empty/)
    } finally {
      await target.remove()
    }
  })

  it('keeps what is sealed readable: after a restore across rotations of the keys, and in a copy', async () => {
    const password = async (api: Api): Promise<unknown> =>
      (await api.get('frappe.client.get_password', { doctype: 'Mailbox', name: 'office', fieldname: 'pwd' })).body['message']
    const api = await signIn()
    const permissions = [{ role: 'System Manager', read: 1, write: 1, create: 1 }]
    const fields = [{ fieldname: 'pwd', fieldtype: 'Password', label: 'Password' }]
    await api.insert('DocType', { name: 'Mailbox', autoname: 'prompt', fields, permissions })
    await api.insert('Mailbox', { name: 'office', pwd: 'first' })
    const file = join(folder, 'sealed.backup')
    await annex('backup', '--to', file)

    await api.update('Mailbox', 'office', { pwd: 'second' })
    const operator = await openSite(readConfig({ ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl }))
    await operator.keys.rotateSecret({ early: true })
    await operator.sealedValues.reseal()
    for (const _ of ['once', 'again']) await operator.keys.rotate({ early: true })
    await operator.close()
    expect(await password(api)).toBe('second')
    await forgetRetiredSigningKeys(join(site.folder, 'keys.json'))

    expect(await annex('restore', '--from', file, '--yes')).toMatchObject({ code: 0, stderr: '' })
    expect(await password(await signIn())).toBe('first')
    const listed = await annex('keys', 'list')
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout).toMatch(/^retired {2}secret {2}rotation-1-.* {2}Password fields: 1, /m)

    const target = await temporaryDatabase(engine === 'sqlite' ? 'postgres' : 'sqlite')
    const settings = { DATABASE_URL: target.url, ANNEX_KEYS: join(site.folder, 'keys.json') }
    try {
      expect(await annex('copy', '--from', site.databaseUrl, '--to', target.url)).toMatchObject({ code: 0 })
      const copied = await startSite(engine, settings)
      try {
        expect(await password(await Api.signIn(copied.url, 'Administrator', site.adminPassword))).toBe('first')
      } finally {
        await copied.close()
      }
    } finally {
      await target.remove()
    }
  })

  it('drops what a field that is gone left behind when it is told to, and says before what that is', async () => {
    const [name, permissions] = ['Purged', [{ role: 'System Manager', read: 1, write: 1, create: 1 }]]
    const api = await signIn()
    await api.insert('DocType', {
      name,
      autoname: 'prompt',
      permissions,
      fields: [
        { fieldname: 'a', fieldtype: 'Data' },
        { fieldname: 'b', fieldtype: 'Data' },
      ],
    })
    await api.insert(name, { name: 'one', a: 'x', b: 'y' })
    await api.update('DocType', name, { fields: [{ fieldname: 'b', fieldtype: 'Data' }] })
    expect((await annex('doctype', 'purge', name)).stdout).toMatch(/^a  1 value\nThey can be had back/)
    expect((await annex('doctype', 'purge', name, '--yes')).stdout).toBe('a  1 value\nDropped.\n')
    expect((await annex('doctype', 'purge', name)).stdout).toBe(`Nothing is left of former fields of ${name}.\n`)
    expect(await api.read(name, 'one')).toMatchObject({ b: 'y' })
  })
})

/** As the site itself does thirty days after a rotation. */
async function forgetRetiredSigningKeys(file: string): Promise<void> {
  const ring = JSON.parse(await readFile(file, 'utf8')) as { signing: { state: string }[] }
  await writeFile(file, JSON.stringify({ ...ring, signing: ring.signing.filter(({ state }) => state !== 'retired') }))
}
