import { createKeys } from '@annex/connector'
import { Api } from '../support/callers/api.ts'
import { temporaryDatabase } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { Ledger } from './ledger.ts'
import { Lives } from './lives.ts'
import { watchMemory } from './memory.ts'
import { Person, type Hearing, type Surroundings } from './person.ts'
import { Random } from './random.ts'
import { SoakApp } from './soak-app.ts'
import { ADMIN_PASSWORD, SoakSite } from './soak-site.ts'
import { closeAll, countOf, type Findings, type Soak } from './soak.ts'

const PASSWORD = 'Corr3ct-horse-soak'
/** The least that the site takes, in seconds. */
const TOKEN_LIFE_S = 60
/** So long after a restart the site may still wait before it sends again. */
const DISTURBED_MS = 15_000

interface Registered {
  readonly id: string
  readonly secret: string
  readonly eventSecret: string
}

/**
 * Twenty persons use an app of two processes on one store with a real site; they take their access back at random, and site and
 * app are stopped and killed. Nobody else may have to sign in, and each end is told once.
 */
export async function soakRotation({ seed, seconds, persons, restartsEveryMs, revokesEveryMs }: Soak): Promise<Findings> {
  const leave: (() => Promise<void>)[] = []
  try {
    const site = await SoakSite.open('postgres')
    leave.push(() => site.remove())
    const store = await temporaryDatabase('postgres')
    leave.push(() => store.remove())
    const ledger = await Ledger.open()
    leave.push(() => ledger.close())
    const ports = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
    const origin = `http://127.0.0.1:${ports[0]}`
    const admin = await Api.signIn(site.url, 'Administrator', ADMIN_PASSWORD)
    const { id, secret, eventSecret } = await register(admin, origin)
    const work = {
      origin,
      issuer: site.url,
      clientId: id,
      secret,
      eventSecret,
      scopes: ['User:read'],
      store: store.url,
      keys: createKeys(),
    }
    const apps = ports.map((port, at) => new SoakApp('ab'[at]!, { ...work, port }, ledger))
    for (const app of apps) {
      await app.start()
      leave.push(() => app.stop('SIGTERM'))
    }
    const begun = performance.now()
    let end = Infinity
    const isOver = (): boolean => performance.now() > end
    const around: Surroundings = { site: site.url, clientId: id, apps, ledger, isOver, revokesEveryMs, persons }
    const people = await gather(admin, around, seed)
    end = performance.now() + seconds * 1000
    const half = end - seconds * 500
    // The second process lives through the second half, so that its memory can be judged.
    const lasting = apps[1]!
    const mortal = [site, ...apps].map((each) => ({ mortal: each, kills: true }))
    const mortals = (): typeof mortal => (performance.now() > half ? mortal.filter((each) => each.mortal !== lasting) : mortal)
    const lives = new Lives({ everyMs: restartsEveryMs, mortals }, new Random(`${seed} restarts`))
    const watch = watchMemory(lasting, half, isOver)
    const [memory] = await Promise.all([watch, lives.run(isOver), ...people.map((person) => person.live())])
    await closeAll(leave.splice(3))
    // What could not be delivered is sent again, later and later.
    const isQuiet = ({ from, to }: Hearing): boolean => !lives.outages.some((outage) => outage.from < to && outage.to > from - DISTURBED_MS)
    return {
      faults: ledger.faults,
      told: ledger.told.length,
      restarts: lives.outages.length,
      memory,
      hearingsMs: people
        .flatMap((person) => person.hearings)
        .filter(isQuiet)
        .map(({ from, to }) => to - from),
      counts: countOf(people.map(({ outcomes }) => outcomes)),
      seconds: (performance.now() - begun) / 1000,
    }
  } finally {
    await closeAll(leave)
  }
}

/** With the leeway that every app has for a repeated renewal, ten seconds: a process that was killed holds its lease for nine of them. */
async function register(admin: Api, origin: string): Promise<Registered> {
  const client = await admin.insert('OAuth Client', {
    app_name: 'Soak',
    redirect_uris: `${origin}/connect/callback`,
    default_redirect_uri: `${origin}/connect/callback`,
    scopes: 'openid User:read',
    allowed_roles: [{ role: 'All' }],
    access_token_lifetime: TOKEN_LIFE_S,
    event_uri: `${origin}/connect/events`,
    backchannel_logout_uri: `${origin}/connect/backchannel-logout`,
  })
  return { id: String(client['client_id']), secret: String(client['client_secret']), eventSecret: String(client['event_secret']) }
}

async function gather(admin: Api, around: Surroundings, seed: string): Promise<Person[]> {
  const people: Person[] = []
  for (let number = 1; number <= around.persons; number += 1) {
    const email = `person${number}@example.com`
    await admin.insert('User', { email, first_name: 'Nora', new_password: PASSWORD, roles: [] })
    const person = new Person(email, around, new Random(`${seed} ${email}`))
    await person.arrive(PASSWORD)
    people.push(person)
  }
  return people
}
