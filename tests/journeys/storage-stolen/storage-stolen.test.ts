import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../support/databases.ts'
import { findSecrets, formsOf, type Place } from '../../support/stolen/search-for-secrets.ts'
import { filePath, readTable } from '../../support/stolen/stored.ts'
import { drive, type Loot } from './loot.fixture.ts'

describe.each(engines)('A thief who carries off all that is stored, with the site on %s', (engine) => {
  let loot: Loot
  beforeAll(async () => {
    loot = await drive(engine)
    // Nobody who signs in wrongly waits for the trail: it is written within seconds, and the thief comes after.
    await vi.waitFor(async () => expect(await eventsOf(loot)).toContain('sign-in refused'), { timeout: 20_000 })
  })
  afterAll(() => loot.close())

  it('D10 finds no token, code, secret, password or key that was in use, in any form', async () => {
    const places = await loot.places()
    expect(loot.secrets.size).toBeGreaterThan(35)
    expect(findSecrets(places, loot.secrets)).toEqual([])
  })

  it('has really looked: everything that was used has left its trace in the places searched', async () => {
    const places = await loot.places()
    const names = places.map(({ name }) => name)
    const tables = [
      'account',
      'session',
      'audit',
      'oauth_grant',
      'oauth_code',
      'oauth_token',
      'pending_request',
      'client_secret',
      'signing_key',
      'tabUser',
      'tabMailbox',
      'sealed_value',
      'tabOAuth Client',
    ]
    for (const table of [...tables, 'connector_connection', 'connector_session', 'visit_report'])
      expect(sizeOf(places, `table ${table}`), table).toBeGreaterThan(20)
    expect(sizeOf(places, 'log of the app')).toBeGreaterThan(20)
    expect(places.find(({ name }) => name === 'log of the site')?.bytes.toString()).toContain(
      '"route":"/api/method/frappe.integrations.oauth2.get_token"',
    )
    const files = ['vault.db', 'vault.db-wal', 'reports.db', ...(engine === 'sqlite' ? ['test.db', 'test.db-wal', 'test.db-shm'] : [])]
    for (const file of files)
      expect(
        names.some((name) => name.endsWith(`/${file}`)),
        file,
      ).toBe(true)
    expect(names.some((name) => name.endsWith('keys.json'))).toBe(false)
    const events = await eventsOf(loot)
    for (const event of [
      'sign-in',
      'sign-in refused',
      'password changed',
      'oauth.grant.created',
      'oauth.token.revoked',
      'oauth.client.secret_rotated',
      'scope refused',
    ])
      expect(events).toContain(event)
  })

  it('would find one that was left anywhere, in every form', async () => {
    const secrets = new Map(['API secret', 'password of Alice', 'code', 'vault key'].map((name) => [name, secretOf(loot, name)]))
    const forms = [...secrets].flatMap(([secret, text]) => [...formsOf(text)].map(([form, left]) => ({ secret, form, left })))
    for (const { secret, form, left } of forms) {
      const found = findSecrets([{ name: 'a log', bytes: Buffer.from(`before ${left} after`) }], new Map([[secret, secrets.get(secret)!]]))
      expect(found, `${secret}, ${form}`).toContainEqual({ secret, form, place: 'a log' })
    }
    const inside = Buffer.from(`{"pwd":${JSON.stringify(secrets.get('API secret'))}}`).toString('base64')
    expect(findSecrets([{ name: 'a log', bytes: Buffer.from(inside) }], secrets)[0]).toMatchObject({
      secret: 'API secret',
      form: 'base64 after 2 bytes',
    })

    await plant(loot, secrets.get('API secret')!)
    const found = new Set(
      findSecrets(await loot.places(), secrets).map(({ secret, form, place }) => `${secret}, ${form}: ${place.split('/').at(-1)}`),
    )
    const expected = [
      'API secret, clear: table audit',
      'API secret, hex: table connector_lease',
      'API secret, base64 after 0 bytes: note.txt',
    ]
    for (const finding of expected) expect([...found]).toContain(finding)
    if (engine === 'sqlite') expect([...found].join()).toMatch(/API secret, clear: test\.db/)
  })
})

const eventsOf = async ({ site }: Loot): Promise<unknown[]> => (await readTable(site.databaseUrl, 'audit')).map((row) => row['event'])

const sizeOf = (places: readonly Place[], name: string): number => places.find((place) => place.name === name)?.bytes.length ?? 0

/** Leaves a secret in the site's database, in the vault and in a file beside the site's keys. */
async function plant({ site, appFolder }: Loot, secret: string): Promise<void> {
  const row = `insert into audit (id, at, event, detail) values ('planted', 0, 'planted', '${secret}')`
  await change(site.databaseUrl, row)
  await change(
    `sqlite:${join(appFolder, 'vault.db')}`,
    `insert into connector_lease values ('', 'planted', '${Buffer.from(secret).toString('hex')}', 0)`,
  )
  await appendFile(join(site.folder, 'note.txt'), Buffer.from(secret).toString('base64'))
}

async function change(databaseUrl: string, statement: string): Promise<void> {
  const path = filePath(databaseUrl)
  if (path !== undefined) {
    const database = new Database(path)
    database.exec(statement)
    database.close()
    return
  }
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(statement)
  await client.end()
}

const secretOf = ({ secrets }: Loot, start: string): string => [...secrets].find(([name]) => name.startsWith(start))![1]
