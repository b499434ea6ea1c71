import type { Connector } from '@annex/connector'
import { FakeUpstream, type FakeKind } from '@annex/connector/testing'
import { readRecording } from '../recording.ts'
import type { Person, Telling, UpstreamUnderTest } from './upstream-under-test.ts'

const REDIRECT_URI = 'http://localhost:4100/connect/callback'

const ROLES: Readonly<Record<Person, readonly string[]>> = {
  sam: ['System Manager'],
  bob: ['Sales Lead', 'Sales Clerk'],
  alice: ['Sales Clerk'],
  carol: [],
}

const emailOf = (person: Person): string => `${person}@example.com`
const users = (Object.keys(ROLES) as Person[]).map((person) => ({
  name: emailOf(person),
  fullName: `${person[0]!.toUpperCase()}${person.slice(1)} Example`,
  email: emailOf(person),
  sub: `${person}-sub`,
  roles: ROLES[person],
  apiKey: `${person}:key`,
}))

/** A fake site of a kind, with the recorded fixture. */
export async function openFake(kind: FakeKind): Promise<UpstreamUnderTest> {
  const fake = new FakeUpstream({ kind, users })
  fake.documents.load(await readRecording('00-fixture'))
  return {
    url: fake.issuer,
    fetch: fake.fetch,
    client: { ...fake.client, redirectUri: REDIRECT_URI },
    run: 'fake',
    credentials: (person) => Promise.resolve({ apiKey: `${person}:key` }),
    allow: (url, { user, ...choice }) => fake.allow(url, { ...choice, user: emailOf(user) }),
    fake,
    ...(kind === 'annex' ? { telling: tellingOf(fake) } : {}),
    close: () => Promise.resolve(),
  }
}

function tellingOf(fake: FakeUpstream): Telling {
  const secret = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
  let told: Connector | undefined
  const send = async (url: string, init?: RequestInit): Promise<Response> => (await told!.handler(new Request(url, init)))!
  const [eventsUrl, logoutUrl] = ['events', 'backchannel-logout'].map((path) => REDIRECT_URI.replace('callback', path)) as [string, string]
  fake.tell({ events: { url: eventsUrl, secret }, logoutUrl, fetch: send })
  return {
    secret,
    tell: (app) => void (told = app),
    takeBack: (person) => fake.revoke(emailOf(person)),
    signOut: async (person) => {
      const body = new URLSearchParams({ logout_token: await fake.logoutToken(emailOf(person)) })
      return send(logoutUrl, { method: 'POST', body })
    },
  }
}
