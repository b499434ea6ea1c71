import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../../tests/support/callers/api.ts'
import { engines } from '../../../tests/support/databases.ts'
import { run, type Ended } from '../../../tests/support/program.ts'
import { startSite, type RunningSite } from '../../../tests/support/site.ts'

const REDIRECT = 'https://app.example/callback'
const PASSWORD = 'corr3ct-horse-battery'

describe('annex without a site', () => {
  it.each([
    [[], 1, 'stderr', /USAGE annex app\|user\|doctype\|types\|doctor\|backup\|restore\|copy\n/],
    [['app', 'create', '-h'], 0, 'stdout', /USAGE annex app create \[OPTIONS\] <NAME> --redirect-uri=<redirect_uri>\n/],
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
    [['nope'], 'there is no command "nope"; there are: app, user, doctype, types, doctor, backup, restore, copy'],
    [['user', 'create', 'ann@example.com', '--first-name', 'Ann'], 'there is no terminal to ask for the password; set ANNEX_USER_PASSWORD'],
  ])('refuses in one sentence: annex %j', async (words, sentence) => {
    expect(await run('annex', words)).toEqual({ code: 1, stdout: '', stderr: `annex: ${sentence}\n` })
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
    expect((await annex(['app', 'list'])).stdout).toContain(`${app.id}  active   web  Shop  ${REDIRECT}\n`)
    expect((await annex(['app', 'list'])).stdout).not.toContain(secret)
    expect(await annex(['app', 'retire', app.id])).toMatchObject({
      code: 0,
      stdout: `App ${app.id} is retired; every access it was given has ended.\n`,
    })
    expect(await doctor('--client-id', app.id)).toContain(`✗ client: the site knows no client ${app.id}`)
    expect((await annex(['app', 'list'])).stdout).toContain(`${app.id}  retired  web`)
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
