import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../support/callers/api.ts'
import { engines } from '../support/databases.ts'
import { Mailbox } from '../support/mailbox.ts'
import { startSite, type RunningSite } from '../support/site.ts'

const PASSWORD = 'corr3ct-horse-battery'
const RESET = 'frappe.core.doctype.user.user.reset_password'

describe.each(engines)('mail of a site, on %s', (engine) => {
  const mailbox = new Mailbox()
  let site: RunningSite
  let administrator: Api
  beforeAll(async () => {
    const url = await mailbox.open()
    site = await startSite(engine, {
      ANNEX_SMTP_URL: url,
      ANNEX_MAIL_FROM: 'Annex <site@example.com>',
      ANNEX_TRUSTED_PROXIES: '127.0.0.0/8',
    })
    administrator = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  })
  afterAll(async () => {
    await site.close()
    await mailbox.close()
  })

  async function person(email: string): Promise<string> {
    const made = await administrator.send('POST', '/api/resource/User', { email, first_name: 'Person', new_password: PASSWORD })
    expect(made.status).toBe(200)
    return email
  }
  const forget = (user: string, from: string): Promise<{ status: number; text: string }> =>
    new Api(site.url, { 'x-forwarded-for': from }).send('POST', `/api/method/${RESET}`, { user })
  const signIn = (user: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${site.url}/api/method/login`, { method: 'POST', body: new URLSearchParams({ usr: user, pwd: password }), headers })

  it('brings a link to a new password, answers alike for nobody, and tells of the change', async () => {
    const user = await person('forgetful@example.com')
    const [known, unknown] = [await forget(user, '192.0.2.1'), await forget('nobody@example.com', '192.0.2.1')]
    expect([known.status, known.text]).toEqual([200, unknown.text])
    const { text } = await mailbox.find(user, 'update-password')
    expect(text).toMatch(/^From: Annex <site@example\.com>/m)
    const [, key = ''] = /\/update-password\?key=([\w-]+)/.exec(text) ?? []
    const set = await fetch(`${site.url}/update-password`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ key, password: 'a new long password' }),
    })
    expect(set.status).toBe(303)
    expect((await signIn(user, 'a new long password')).status).toBe(200)
    await mailbox.find(user, 'Your password was changed')
    expect(mailbox.mails.some(({ to }) => to === 'nobody@example.com')).toBe(false)
  })

  it('is asked for three times an hour from one address', async () => {
    const statuses: number[] = []
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await forget(`nobody${turn}@example.com`, '192.0.2.2')).status)
    expect(statuses).toEqual([200, 200, 200, 429])
  })

  it('tells of a sign-in from a new browser or network, and of no other', async () => {
    const user = await person('traveller@example.com')
    const home = { 'user-agent': 'Firefox/140.0 Linux', 'x-forwarded-for': '192.0.2.3' }
    for (const headers of [home, home, { ...home, 'user-agent': 'Chrome/140.0 Windows' }]) await signIn(user, PASSWORD, headers)
    await mailbox.find(user, 'Chrome on Windows')
    await signIn(user, PASSWORD, { ...home, 'x-forwarded-for': '198.51.100.7' })
    await mailbox.find(user, '198.51.100.7')
    const own = mailbox.mails.filter(({ to }) => to === user)
    expect(own.map(({ text }) => /^Subject: A new sign-in/m.test(text))).toEqual([true, true])
  })

  it('goes to one address: nobody is named by several, nor by what begins a header', async () => {
    const several = ['a@x.example,b@x.example', 'a@x.example, b@x.example', 'a@x.example b@x.example', 'a@x.example;b@x.example']
    const injected = ['a@x.example,', 'a@x.example\r\nBcc: b@x.example', 'a\u0007@x.example', 'a\u200b@x.example']
    for (const email of [...several, ...injected]) {
      const made = await administrator.send('POST', '/api/resource/User', { email, first_name: 'Person', new_password: PASSWORD })
      expect([made.status, made.body['exc_type']], email).toEqual([417, 'InvalidEmailAddressError'])
      expect(made.text).toMatch(/like name@example\.com/)
    }
    // No name may hold these signs.
    for (const email of ['<a@x.example>', 'Ann <a@x.example>']) {
      const made = await administrator.send('POST', '/api/resource/User', { email, first_name: 'Person' })
      expect([made.status, made.body['exc_type']], email).toEqual([409, 'NameError'])
    }
    const long = `${'a'.repeat(60)}@${'x'.repeat(60)}.${'y'.repeat(30)}.example`
    const made = await administrator.send('POST', '/api/resource/User', { email: long, first_name: 'Person' })
    expect([made.status, made.body['exc_type']]).toEqual([417, 'CharacterLengthExceededError'])
    const user = await person('single@example.com')
    const changes = { email: `${user},b@x.example` }
    // It is their name, and stays.
    const changed = await administrator.send('PUT', `/api/resource/User/${user}`, changes)
    expect(changed.body['data']).toMatchObject({ name: user, email: user })
    const renaming = { doctype: 'User', old_name: user, new_name: changes.email }
    expect((await administrator.send('POST', '/api/method/frappe.client.rename_doc', renaming)).status).toBeGreaterThanOrEqual(400)
    const found = await administrator.list('User', { filters: JSON.stringify([['name', 'like', '%x.example%']]) })
    expect(found.body).toEqual({ data: [] })
  })

  it('is tried again when the server cannot take it now', async () => {
    const user = await person('patient@example.com')
    mailbox.refusals.push(451)
    await forget(user, '192.0.2.4')
    await mailbox.find(user, 'update-password')
    expect(mailbox.refusals).toEqual([])
  }, 30_000)
})
