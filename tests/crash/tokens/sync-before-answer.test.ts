import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { engines } from '../../support/databases.ts'
import { syncBeforeAnswer } from './system-calls.ts'
import { TokenSite } from './token-site.ts'
import { flows } from './token-flows.ts'
import { eventsOf, TRACE_HEADER, type Event } from './trace.ts'

const preload = new URL('trace-commits.ts', import.meta.url)
const PATIENCE = 180_000

/** What must not be lost once it was answered, and what the statement that stores it begins with, without quotes. */
const kept = [
  { flow: 'a code is exchanged', stored: 'update oauth_code set used_at' },
  { flow: 'an access token is revoked', stored: 'update oauth_grant set revoked_at' },
  { flow: 'a code is exchanged a second time', stored: 'update oauth_grant set revoked_at' },
  { flow: 'an old refresh token is shown again', stored: 'update oauth_grant set revoked_at' },
  { flow: 'a secret is changed', stored: 'insert into client_secret' },
] as const

/** Sends each of them once, with its name in a header. */
async function sendEach(site: TokenSite): Promise<void> {
  for (const { flow: name } of kept) {
    const headers = { [TRACE_HEADER]: name }
    const flow = flows.find((each) => each.name === name)
    const reply = flow ? await (await flow.begin(site)).send(site.url, headers) : await changeSecret(site, headers)
    expect(reply.status, name).toBe(flow?.status ?? 200)
  }
}

async function changeSecret(site: TokenSite, headers: Readonly<Record<string, string>>) {
  const admin = await site.administrator()
  return admin.send('POST', '/api/method/annex.apps.rotate_secret', { client: site.apps.strict.id }, headers)
}

/** The commit of what that statement stored, as the driver saw it. */
function commitOf(events: readonly Event[], stored: string): { readonly held: string; readonly events: readonly Event[] } {
  const change = events.findIndex((event) => event.at === 'change' && event.statement.replaceAll('"', '').startsWith(stored))
  const changed = events[change]
  if (changed?.at !== 'change') throw new Error('Nothing was stored')
  const own = events.slice(change).filter((event) => !('connection' in event) || event.connection === changed.connection)
  const commit = own.find((event) => event.at === 'commit')
  return { held: commit?.at === 'commit' ? commit.held : '', events: own }
}

describe.each(engines)('What must not be lost is on the disk before it is answered, on %s:', (engine) => {
  it(
    'the driver has committed with everything written through',
    async () => {
      const site = await TokenSite.open(engine, { preload })
      try {
        await sendEach(site)
        for (const { flow, stored } of kept) {
          const told = await vi.waitFor(() => {
            const { held, events } = commitOf(eventsOf(site.output, flow), stored)
            if (engine === 'postgres') expect(events).toContainEqual(expect.objectContaining({ at: 'flushed' }))
            return { held, events }
          })
          const order = told.events.map(({ at }) => at)
          expect(told.held, flow).toBe(engine === 'sqlite' ? 'synchronous 2, journal wal' : 'synchronous_commit on')
          expect(order.indexOf('committed'), flow).toBeGreaterThan(0)
          expect(order.indexOf('answer'), flow).toBeGreaterThan(order.indexOf('committed'))
          if (engine === 'postgres') expect(told.events.find(({ at }) => at === 'flushed')).toMatchObject({ beyond: true })
        }
      } finally {
        await site.remove()
      }
    },
    PATIENCE,
  )
})

const STRACE = [
  'strace',
  '-D',
  '-f',
  '-y',
  '-qq',
  '-s',
  '4096',
  '-e',
  'trace=read,write,writev,pwrite64,fdatasync,fsync',
  '-e',
  'signal=none',
]

/** Whether there is a strace that may look into processes. */
function canTrace(): boolean {
  try {
    execFileSync('strace', ['-qq', '-e', 'trace=none', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

it.skipIf(!canTrace())(
  'What must not be lost is on the disk before it is answered, as the system’s calls show',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'annex-strace-'))
    const calls = join(folder, 'calls')
    const site = await TokenSite.open('sqlite', { preload, launcher: [...STRACE, '-o', calls] })
    try {
      await sendEach(site)
      await site.stop()
      const lines = (await readFile(calls, 'utf8')).split('\n')
      for (const { flow, stored } of kept) {
        const shown = syncBeforeAnswer(lines, flow, stored)
        if (process.env['ANNEX_CRASH_KILLS'] !== undefined) process.stdout.write(`${flow}:\n${shown.join('\n')}\n\n`)
      }
    } finally {
      await site.remove()
      await rm(folder, { recursive: true, force: true })
    }
  },
  PATIENCE,
)
