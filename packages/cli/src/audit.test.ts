import { openDatabase, type Connection } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { connect, registerApp, type App, type Tokens } from '../../../tests/support/callers/connected-app.ts'
import { Visitor } from '../../../tests/support/callers/visitor.ts'
import { engines } from '../../../tests/support/databases.ts'
import { Program, run, type Ended } from '../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../tests/support/site.ts'

const PASSWORD = 'corr3ct-horse-battery'
const ANN = 'ann@example.com'

describe.each(engines)('annex audit and explain beside a running site, on %s', (engine) => {
  let site: RunningSite
  let app: App
  let tokens: Tokens
  beforeAll(async () => {
    site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await admin.insert('User', { email: ANN, first_name: 'Ann', new_password: PASSWORD })
    app = await registerApp(admin, { app_name: 'Shop', scopes: 'openid User:read all' })
    tokens = await connect(await new Visitor(site.url).signIn(ANN, PASSWORD), app, 'openid all')
  })
  afterAll(() => site.close())

  const annex = (...words: string[]): Promise<Ended> => run('annex', words, { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl })
  const exported = async (...words: string[]): Promise<Record<string, unknown>[]> => {
    const { code, stdout } = await annex('audit', 'export', ...words)
    expect(code).toBe(0)
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** The site's database as its owner has it, who can take its protection away. */
  const unprotected = async (): Promise<{ readonly connection: Connection; close(): Promise<void> }> => {
    const database = await openDatabase(site.databaseUrl)
    for (const table of ['audit', 'audit_batch'])
      await sql.raw(`drop trigger if exists ${table}_no_update${engine === 'postgres' ? ` on ${table}` : ''}`).execute(database.connection)
    return { connection: database.connection, close: () => database.close() }
  }

  it('tells why a call was refused, by the incident that it came with and by the token', async () => {
    const reply = await Api.byToken(site.url, tokens.access).send('GET', `/api/resource/User/${ANN}`)
    expect(reply.status).toBe(403)
    const incident = reply.headers.get('x-annex-incident') ?? ''
    expect(reply.body['incident']).toBe(incident)
    const byIncident = await annex('explain', incident)
    expect(byIncident).toMatchObject({ code: 0, stderr: '' })
    expect(byIncident.stdout).toMatch(new RegExp(`^scope refused \\(1 times from .*\\): ${ANN} through ${app.id} from 127.0.0.1\n`))
    expect(byIncident.stdout).toMatch(/Refused: read User, as ann@example\.com through Shop/)
    expect(byIncident.stdout).toMatch(/✗ fence: .*stop before User\n {4}The app asks its user for User:read/)
    const byToken = await annex('explain', tokens.access, 'read', 'User', ANN)
    expect(byToken.stdout).toMatch(/^Refused: read User ann@example\.com.*\n✓ token: /)
    expect(byToken.stdout).not.toContain(tokens.access)
    const again = await Api.byToken(site.url, tokens.access).send('GET', `/api/resource/User/${ANN}`)
    expect(again.headers.get('x-annex-incident')).toBe(incident)
  })

  it('says in one sentence what cannot be explained', async () => {
    const sentences: readonly (readonly [string[], string])[] = [
      [
        ['explain', '00000000-0000-4000-8000-000000000000'],
        'there is no incident 00000000-0000-4000-8000-000000000000; refusals are kept for 30 days',
      ],
      [
        ['explain', 'AAAAAAAA-0000-1000-0000-00000000000F'],
        'there is no incident AAAAAAAA-0000-1000-0000-00000000000F; refusals are kept for 30 days',
      ],
      [
        ['explain', 'at1_x', 'look', 'User'],
        'there is no right "look"; there are: select, read, write, create, delete, submit, cancel, amend, print, email, report, import, export, share',
      ],
      [['explain', 'at1_x', 'read'], 'DOCTYPE is missing; see annex explain --help'],
      [['explain'], 'TOKEN is missing; see annex explain --help'],
    ]
    for (const [words, sentence] of sentences)
      expect(await annex(...words)).toEqual({ code: 1, stdout: '', stderr: `annex: ${sentence}\n` })
    expect((await annex('explain', 'rubbish')).stdout).toMatch(/^Refused\n✗ token: This is no access token/)
  })

  it('exports who did what, through which app, from where', async () => {
    const grants = await exported('--event', 'oauth.grant.created', '--client', app.id, '--user', ANN)
    expect(grants).toMatchObject([{ user: ANN, client: app.id, ip: '127.0.0.1', detail: { granted: 'openid all' } }])
    expect(await exported('--since', '2999-01-01')).toEqual([])
    expect(await exported('--until', '2000-01-01T00:00:00')).toEqual([])
    const events = new Set((await exported()).map((entry) => entry['event']))
    for (const event of [
      'sign-in',
      'oauth.client.registered',
      'oauth.grant.created',
      'oauth.token.issued',
      'scope refused',
      'policy changed',
    ])
      expect(events).toContain(event)
    expect(await annex('audit', 'export', '--since', 'yesterday')).toMatchObject({
      code: 1,
      stderr: 'annex: --since: write a time such as 2026-11-22 or 2026-11-22T08:00:00Z\n',
    })
  })

  it('exports quietly to a reader that has seen enough, such as head', async () => {
    const program = new Program('annex', ['audit', 'export'], { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl })
    program.process.stdout?.destroy()
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('proves the trail, also against a head that was noted', async () => {
    const first = await annex('audit', 'verify')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^\d+ rows in \d+ batches; \d+ not sealed yet\n/)
    const head = /ends in (\d+:[0-9a-f]{64})/.exec(first.stdout)?.[1] ?? ''
    expect((await annex('audit', 'verify', '--expect', head)).code).toBe(0)
    expect((await annex('audit', 'verify', '--expect', 'x')).stderr).toMatch(/^annex: --expect: write/)
  })

  it('proves nothing by a key that the site does not know, whatever the site has signed on it since', async () => {
    // A command seals what there is.
    expect((await annex('audit', 'verify')).code).toBe(0)
    const bare = await unprotected()
    const { rows } = await sql<{ key_id: string }>`select distinct key_id from audit_batch`.execute(bare.connection)
    expect(rows).toHaveLength(1)
    await sql`update audit_batch set key_id = 'unknown'`.execute(bare.connection)
    const first = await annex('audit', 'verify')
    expect(first).toMatchObject({ code: 1, stdout: expect.not.stringContaining('note that elsewhere') as string })
    expect(first.stderr).toMatch(
      /^annex: Nothing after batch 0 is proven: batch 1 is signed with the key unknown, which .* put it back; .* --lost-key\. .* forged: compare it with a backup\n$/,
    )
    await annex('audit', 'export', '--since', '2999-01-01')
    const again = await annex('audit', 'verify', '--lost-key', 'another')
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing after batch 0 is proven') as string })
    await bare.close()
    const later = await unprotected()
    await sql`update audit_batch set key_id = ${rows[0]?.key_id} where key_id = 'unknown'`.execute(later.connection)
    await later.close()
    expect((await annex('audit', 'verify')).code).toBe(0)
  })

  it('proves it after a person was erased and rows were pruned too', async () => {
    expect(await annex('audit', 'erase', ANN)).toEqual({
      code: 0,
      stdout: `${ANN} is not named in the trail any more. Backups made before still name them.\n`,
      stderr: '',
    })
    expect(await annex('audit', 'erase', ANN)).toMatchObject({ code: 1, stderr: `annex: the trail does not know ${ANN}\n` })
    expect(await exported('--user', ANN)).toEqual([])
    expect((await exported('--event', 'person erased'))[0]).toMatchObject({ user: 'Administrator' })
    expect((await annex('audit', 'prune', '--days', '1')).stdout).toMatch(/^0 rows older than 1 days/)
    expect((await annex('audit', 'prune', '--days', 'x')).stderr).toBe('annex: --days: write a whole number of days, 1 or more\n')
    expect((await annex('audit', 'verify')).code).toBe(0)
  })

  it('finds what was changed, and names that were taken out though nobody was erased', async () => {
    const bare = await unprotected()
    await sql`delete from audit_person`.execute(bare.connection)
    expect((await annex('audit', 'verify')).stderr).toMatch(
      /^annex: \d+ names and the addresses of 0 rows were taken out of the trail[^.]*\n$/,
    )
    await bare.close()
    const later = await unprotected()
    await sql`update audit set event = 'nothing' where batch = 1`.execute(later.connection)
    await later.close()
    const last = await annex('audit', 'verify')
    expect(last.code).toBe(1)
    expect(last.stderr).toMatch(/^annex: Batch 1 is not as it was sealed: .* sound before batch 1 alone\n$/)
  })
})
