import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { engines } from '../../../tests/support/databases.ts'
import { run, type Ended } from '../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../tests/support/site.ts'

const REDIRECT = 'https://app.example/callback'
const PASSWORD = 'corr3ct-horse-battery'

describe('annex without a site', () => {
  it.each([
    [[], 1, 'stderr', /USAGE annex app\|user\|keys\|doctype\|audit\|explain\|types\|doctor\|backup\|restore\|copy\n/],
    [['app', 'create', '-h'], 0, 'stdout', /USAGE annex app create \[OPTIONS\] <NAME>\s*\n/],
  ] as const)('shows how it is used: annex %j', async (words, code, stream, usage) => {
    const ended = await run('annex', words)
    expect(ended.code).toBe(code)
    expect(ended[stream]).toMatch(usage)
    expect(ended.stdout === '' || ended.stderr === '').toBe(true)
  })

  it('says by name which setting is wrong', async () => {
    expect(await run('annex', ['app', 'list'], { ANNEX_TIMEZONE: 'Mars/Olympus' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^annex: ANNEX_TIMEZONE: [^\n]+\n$/) as string,
    })
  })

  it.each([
    [['nope'], 'there is no command "nope"; there are: app, user, keys, doctype, audit, explain, types, doctor, backup, restore, copy'],
    [['user', 'create', 'ann@example.com', '--first-name', 'Ann'], 'there is no terminal to ask for the password; set ANNEX_USER_PASSWORD'],
  ])('refuses in one sentence: annex %j', async (words, sentence) => {
    expect(await run('annex', words)).toEqual({ code: 1, stdout: '', stderr: `annex: ${sentence}\n` })
  })

  it('makes no link to a site whose address nothing tells', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-cli-'))
    try {
      expect(await run('annex', ['user', 'reset-link', 'Administrator'], { ANNEX_DATA: folder })).toEqual({
        code: 1,
        stdout: '',
        stderr: 'annex: ANNEX_URL: set it to the address where people find the site; it has not listened with this data folder yet\n',
      })
      const told = await run('annex', ['user', 'reset-link', 'Administrator'], { ANNEX_DATA: folder, PORT: '8123' })
      expect(told.stdout).toMatch(/^http:\/\/127\.0\.0\.1:8123\//)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('makes the site when there is none, and says where its first password is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-cli-'))
    try {
      const ended = await run('annex', ['app', 'list'], { ANNEX_DATA: folder })
      expect(ended).toMatchObject({
        code: 0,
        stdout: 'No app is registered yet; make one with: annex app create NAME --redirect-uri URI\n',
      })
      expect(ended.stderr).toContain(join(folder, 'admin-password'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe.each(engines)('annex beside a running site, on %s', (engine) => {
  let site: RunningSite
  beforeAll(async () => {
    site = await startSite(engine)
  })
  afterAll(() => site.close())
  const annex = (words: readonly string[], settings = {}): Promise<Ended> =>
    run('annex', words, { ANNEX_DATA: site.folder, DATABASE_URL: site.databaseUrl, ...settings })
  const doctor = async (...words: string[]): Promise<string> => (await annex(['doctor', site.url, ...words])).stdout
  const valueOf = (text: string, label: string): string => new RegExp(`^${label} +(\\S+)$`, 'm').exec(text)?.[1] ?? ''
  const create = async (...words: string[]): Promise<{ id: string; secret: string }> => {
    const ended = await annex(['app', 'create', 'Shop', '--redirect-uri', `${REDIRECT} ${REDIRECT}/2`, ...words])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return { id: valueOf(ended.stdout, 'client ID'), secret: valueOf(ended.stdout, 'client secret') }
  }

  it('registers an app that the site knows at once, lists it, gives it new secrets and retires it', async () => {
    const app = await create('--scopes', 'openid User:read', '--required', 'openid')
    expect(app.secret).toMatch(/^\S{40,}$/)
    expect(await doctor('--client-id', app.id, '--redirect-uri', `${REDIRECT}/2`, '--secret', app.secret)).toMatch(
      /✓ redirect URI:.*\n✓ secret:/,
    )
    const rotated = await annex(['app', 'rotate-secret', app.id])
    const secret = valueOf(rotated.stdout, 'client secret')
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(/The one before works until \d{4}-/) as string })
    expect(secret).not.toBe(app.secret)
    for (const good of [secret, app.secret]) expect(await doctor('--client-id', app.id, '--secret', good)).toContain('✓ secret:')
    expect((await annex(['app', 'list'])).stdout).toContain(`${app.id}  active     web  Shop  ${REDIRECT}\n`)
    expect((await annex(['app', 'list'])).stdout).not.toContain(secret)
    expect(await annex(['app', 'retire', app.id])).toMatchObject({
      code: 0,
      stdout: `App ${app.id} is retired; every access it was given has ended.\n`,
    })
    expect(await doctor('--client-id', app.id)).toContain(`✗ client: the site knows no client ${app.id}`)
    expect((await annex(['app', 'list'])).stdout).toContain(`${app.id}  retired    web`)
  })

  it('lists, adds and rotates the keys of a running site, which signs with them at once', async () => {
    const published = async (): Promise<string[]> =>
      ((await (await fetch(`${site.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
    const before = await published()
    const listed = await annex(['keys', 'list'])
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout.split('\n').map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual([
      'current ES256',
      'next ES256',
      'current secret',
      'next secret',
      '',
    ])
    for (const kid of before) expect(listed.stdout).toContain(kid)
    expect(await annex(['keys', 'rotate'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^annex: The next key has not been published for long enough[^\n]+\n$/) as string,
    })
    const rotated = await annex(['keys', 'rotate', '--early'])
    expect(rotated.stdout).toMatch(/^The next key signs from now on:\n(retired|current|next) +ES256/)
    expect(await published()).toHaveLength(3)
    expect(await published()).toEqual(expect.arrayContaining(before))
    expect((await annex(['keys', 'add-rsa'])).stdout).toContain('current  RS256')
    expect(await published()).toHaveLength(5)
    expect((await annex(['keys', 'add-rsa'])).stderr).toContain('has keys for RS256 already')
  })

  it('rotates the secret key of a running site, seals its values anew and takes out a key that nothing hangs on', async () => {
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    const fields = [{ fieldname: 'pwd', fieldtype: 'Password', label: 'Password' }]
    await admin.insert('DocType', { name: 'Mailbox', autoname: 'prompt', fields, permissions: [{ role: 'System Manager' }] })
    for (const name of ['one', 'two']) await admin.insert('Mailbox', { name, pwd: `secret of ${name}` })
    const rotated = await annex(['keys', 'rotate-secret', '--early'])
    expect(rotated.stdout).toMatch(
      /^The next key is in use from now on; annex keys reseal [^\n]+\ncurrent {2}secret {2}rotation-2-\S+ {2}since \S+\nretired {2}secret {2}rotation-1-/,
    )
    const [old = ''] = /rotation-1-\w+/.exec(rotated.stdout) ?? []
    await admin.insert('Mailbox', { name: 'three', pwd: 'secret of three' })
    const resealed = await annex(['keys', 'reseal'])
    expect(resealed).toMatchObject({ code: 0, stderr: '' })
    expect(resealed.stdout).toMatch(
      /^Sealed anew with rotation-2-\S+:\nPassword fields {2}2\nsecond factors {2}0\nevent secrets {2}0\nRetired keys; [^\n]+\nretired {2}secret {2}rotation-1-/,
    )
    expect((await annex(['keys', 'list'])).stdout).toMatch(/^current {2}secret {2}rotation-2-.* {2}Password fields: 3/m)
    const password = (name: string) => admin.get('frappe.client.get_password', { doctype: 'Mailbox', name, fieldname: 'pwd' })
    for (const name of ['one', 'three']) expect((await password(name)).body['message']).toBe(`secret of ${name}`)
    expect((await annex(['keys', 'remove', old, '--yes'])).stderr).toBe(
      `annex: The key ${old} is still needed: what was answered within the last hour; annex keys reseal seals values with the current key\n`,
    )
    expect((await annex(['audit', 'verify'])).code).toBe(0)
  })

  it('lets an app sleep and wakes it, lists its secrets and ends one', async () => {
    const app = await create()
    expect(await annex(['app', 'set-state', app.id, 'suspended'])).toMatchObject({ code: 0, stdout: `App ${app.id} is suspended.\n` })
    expect(await doctor('--client-id', app.id)).toContain(`✗ client: the site knows no client ${app.id}`)
    expect(await annex(['app', 'set-state', app.id, 'active'])).toMatchObject({ code: 0, stdout: `App ${app.id} is active.\n` })
    expect(await doctor('--client-id', app.id, '--secret', app.secret)).toContain('✓ secret:')
    await annex(['app', 'rotate-secret', app.id, '--overlap', '7'])
    const lines = (await annex(['app', 'secrets', app.id])).stdout.trim().split('\n')
    expect(lines).toEqual([expect.stringMatching(/ {2}no end {2}not used yet$/), expect.stringMatching(/ {2}ends \S+Z {2}last used \S+Z$/)])
    const old = lines[1]!.split('  ')[0]!
    expect(await annex(['app', 'end-secret', app.id, old])).toMatchObject({ code: 0, stdout: 'The secret has ended.\n' })
    expect(await doctor('--client-id', app.id, '--secret', app.secret)).not.toContain('✓ secret:')
    expect((await annex(['app', 'end-secret', app.id, lines[0]!.split('  ')[0]!])).stderr).toMatch(/the only secret/)
  })

  it('says who waits for an app, and refuses to decide about one who never asked', async () => {
    const app = await create()
    expect(await annex(['app', 'approvals'])).toMatchObject({ code: 0, stdout: 'Nobody waits.\n' })
    for (const word of ['allow-user', 'refuse-user'])
      expect((await annex(['app', word, app.id, 'nobody@example.com'])).stderr).toMatch(/^annex: Approval of .* not found\n$/)
  })

  it('registers an app that signs in for itself', async () => {
    await annex(['user', 'create', 'robot@example.com', '--first-name', 'Robot'], { ANNEX_USER_PASSWORD: PASSWORD })
    const ended = await annex([
      'app',
      'create',
      'Robot',
      '--kind',
      'service',
      '--service-user',
      'robot@example.com',
      '--scopes',
      'User:read',
    ])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(valueOf(ended.stdout, 'client secret')).toMatch(/^annex_cs_/)
  })

  it('gives no secret to an app that cannot keep one', async () => {
    expect(await create('--kind', 'native')).toMatchObject({ secret: '' })
  })

  it('makes a user who can sign in at once and has their roles, also when the site has refused them before', async () => {
    await expect(Api.signIn(site.url, 'ann@example.com', PASSWORD)).rejects.toThrow('cannot sign in')
    const ended = await annex(
      ['user', 'create', 'ann@example.com', '--first-name', 'Ann', '--last-name', 'Lee', '--roles', 'System Manager'],
      { ANNEX_USER_PASSWORD: PASSWORD },
    )
    expect(ended).toEqual({ code: 0, stdout: 'User ann@example.com can sign in now.\n', stderr: '' })
    const ann = await Api.signIn(site.url, 'ann@example.com', PASSWORD)
    expect(await ann.read('User', 'ann@example.com')).toMatchObject({ full_name: 'Ann Lee' })
    expect(await ann.list('OAuth Client')).toMatchObject({ status: 200 })
    expect((await annex(['user', 'create', 'Ann@example.com', '--first-name', 'Ann'], { ANNEX_USER_PASSWORD: PASSWORD })).stderr).toMatch(
      /exists already/,
    )
    expect((await annex(['user', 'create', 'bob@example.com', '--first-name', 'Bob'], { ANNEX_USER_PASSWORD: 'short' })).stderr).toBe(
      'annex: A password needs 8 characters or more\n',
    )
  })

  it('makes a link by which a user who forgot their password sets another', async () => {
    await annex(['user', 'create', 'lost@example.com', '--first-name', 'Lost'], { ANNEX_USER_PASSWORD: PASSWORD })
    const told = await annex(['user', 'reset-link', 'lost@example.com'], { ANNEX_URL: 'https://told.example' })
    expect(told.stdout).toMatch(/^https:\/\/told\.example\//)
    const made = await annex(['user', 'reset-link', 'lost@example.com'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const link = new URL(made.stdout.trim())
    expect(link.origin).toBe(site.url)
    const body = new URLSearchParams({ key: link.searchParams.get('key') ?? '', password: 'a new long password' })
    expect((await fetch(`${site.url}/update-password`, { method: 'POST', redirect: 'manual', body })).status).toBe(303)
    await expect(Api.signIn(site.url, 'lost@example.com', PASSWORD)).rejects.toThrow('cannot sign in')
    await Api.signIn(site.url, 'lost@example.com', 'a new long password')
    expect((await annex(['user', 'reset-link', 'nobody@example.com'])).stderr).toMatch(/^annex: User nobody@example\.com /)
  })

  it('takes the second factor from a user who lost it', async () => {
    const own = await signedInPages('phone@example.com')
    const setUp = async (): Promise<void> => {
      await own.post('/account/factor/begin', { password: PASSWORD })
      const [, secret = ''] = /<code>([A-Z2-7]{32})<\/code>/.exec(await own.get('/account/factor')) ?? []
      await own.post('/account/factor/confirm', { code: new TOTP({ secret: Secret.fromBase32(secret) }).generate() })
    }
    await setUp()
    const signIn = async (): Promise<string> => {
      const body = new URLSearchParams({ usr: 'phone@example.com', pwd: PASSWORD })
      return (await fetch(`${site.url}/api/method/login`, { method: 'POST', body })).text()
    }
    expect(await signIn()).toContain('"tmp_id"')
    expect(await annex(['user', 'reset-factor', 'phone@example.com'])).toEqual({
      code: 0,
      stdout: 'phone@example.com signs in by the password alone now.\n',
      stderr: '',
    })
    expect(await signIn()).toContain('Logged In')
    await setUp()
    const chief = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    await chief.insert('Role', { role_name: 'Keeper', two_factor_auth: 1 })
    await chief.update('User', 'phone@example.com', { roles: [{ role: 'Keeper' }] })
    expect(await annex(['user', 'reset-factor', 'phone@example.com'])).toMatchObject({
      code: 0,
      stdout: 'phone@example.com has no second factor now; a role of theirs asks for one, so they set up another when they sign in.\n',
    })
  })

  /** The pages of a new user, as their browser has them. */
  async function signedInPages(user: string) {
    await annex(['user', 'create', user, '--first-name', 'Own'], { ANNEX_USER_PASSWORD: PASSWORD })
    const { headers } = await Api.signIn(site.url, user, PASSWORD)
    const get = async (path: string): Promise<string> => (await fetch(site.url + path, { headers })).text()
    const [, token = ''] = /name="csrf_token" value="([^"]+)"/.exec(await get('/account')) ?? []
    const post = (path: string, fields: Record<string, string>): Promise<Response> =>
      fetch(site.url + path, { method: 'POST', headers, redirect: 'manual', body: new URLSearchParams({ csrf_token: token, ...fields }) })
    return { get, post }
  }
})

describe('annex on a site of its own', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annex-cli-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each([
    [['app', 'create', 'Shop', '--redirect-uri', 'http://shop.example/'], /must be https/],
    [['app', 'create', 'Shop', '--redirect-uri', REDIRECT, '--kind', 'mobile'], /choose one of web, public, native/],
    [['app', 'create', 'Shop', '--redirect-uri', REDIRECT, '--scopes', 'Item:red'], /Item:red is no scope/],
    [['app', 'create', 'Shop', '--redirect-uri', REDIRECT, '--required', 'all'], /all in required_scopes is not among the scopes/],
    [['app', 'create', 'Shop'], /--redirect-uri is missing; see annex app create --help/],
    [['app', 'create', 'Robot', '--kind', 'service'], /Service User: name the user/],
    [['app', 'set-state', 'nope', 'asleep'], /STATE must be active or suspended/],
    [['app', 'set-state', 'nope', 'active'], /there is no app nope; annex app list shows the client IDs/],
    [['app', 'rotate-secret', 'nope', '--overlap', '31'], /--overlap must be 0 to 30 days/],
    [['keys', 'rotate-secret'], /The next secret key has not been known for long enough/],
    [['keys', 'remove', 'nope'], /backups from before cannot be read without the key: .*repeat with --yes/],
    [['keys', 'remove', 'nope', '--yes'], /The key ring has no secret key nope; annex keys list shows those that it has/],
    [['app', 'retire', 'nope'], /there is no app nope; annex app list shows the client IDs/],
    [['app', 'rotate-secret', 'nope'], /there is no app nope; annex app list shows the client IDs/],
    [['user', 'create', 'ann', '--first-name', 'Ann'], /"ann" is not valid; write an e-mail address/],
    [['user', 'create', 'ann@example.com', '--first-name', 'Ann', '--roles', 'Nobody'], /Role Nobody; make it first/],
  ])('refuses in one sentence: annex %j', async (words, sentence) => {
    const ended = await run('annex', words, { ANNEX_DATA: folder, ANNEX_ADMIN_PASSWORD: PASSWORD, ANNEX_USER_PASSWORD: PASSWORD })
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^(The keys [^\n]+\n)?annex: [^\n]+\n$/) as string })
    expect(ended.stderr).toMatch(sentence)
  })
})
