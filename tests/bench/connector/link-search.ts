import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createKeys } from '@annex/connector'
import { Agent, request } from 'undici'
import { CookieJar } from '../../contract/cookie-jar.ts'
import { freePort } from '../../support/free-port.ts'
import { CONNECTIONS } from '../comparing.ts'
import { Browser } from '../data/browser.ts'
import { fillItems } from '../data/fill-items.ts'
import { itemName, ROLE } from '../data/item-doctype.ts'
import { makeData } from '../data/site-data.ts'
import { quantile } from '../figures.ts'
import { ServerProcess } from '../server-process.ts'
import { ADMIN_PASSWORD, databaseIn, startSite, withFolder, withServers } from '../site-process.ts'
import type { LinksWork } from './links-process.ts'

export interface LinkSearchFigures {
  readonly documents: number
  readonly words: Words
  /** People who type at the same time. */
  readonly typists: number
  readonly searches: number
  /** Milliseconds from the request to the app until its rows are there. */
  readonly p50: number
  readonly p99: number
  /** Milliseconds that half of the smallest questions to the site take, with as many connections. */
  readonly roundTrip: number
  /** Of a hundred searches, those that the site itself answered: the app may fall back on names that were seen. */
  readonly answeredBySite: number
}

/** What is typed: text that few documents hold, or text that a twelfth of them and more hold. */
export type Words = 'rare' | 'common'

const MADE_BY_THE_SITE = 1000
const WORDS = 500
const linksFile = new URL('./links-process.ts', import.meta.url)
const TYPIST = { email: 'typist@example.com', password: 'A-typist-for-the-bench-7' }

/** One person, then sixteen, type into a link field of an app, each the next word when the rows of the last one are there. */
export function measureLinkSearch(documents: number, seconds: number): Promise<LinkSearchFigures[]> {
  return withFolder(async (folder) => {
    const own = Math.min(documents, MADE_BY_THE_SITE)
    await withServers(async (start) => makeData((await start(startSite(folder))).origin, ADMIN_PASSWORD, own, CONNECTIONS))
    await fillItems(`sqlite:${databaseIn(folder)}`, own, documents)
    return withServers(async (start) => {
      const site = await start(startSite(folder))
      const work: LinksWork = {
        ...(await register(site.origin)),
        issuer: site.origin,
        store: `sqlite:${join(folder, 'app.db')}`,
        keys: createKeys(),
      }
      const app = await start(ServerProcess.start({ file: linksFile, args: [JSON.stringify(work)] }))
      const cookie = await signIn(site.origin, app.origin)
      const measured: LinkSearchFigures[] = []
      for (const typists of [1, CONNECTIONS]) {
        const roundTrip = middle(await drive(typists, seconds / 4, () => `${site.origin}/api/method/ping`, {}))
        for (const words of ['rare', 'common'] as const) {
          const found = await type({ app: app.origin, cookie, typists, words: wordsOf(words, documents), seconds })
          measured.push({ documents, words, typists, roundTrip, ...found })
        }
      }
      return measured
    })
  })
}

interface Typing {
  readonly app: string
  readonly cookie: string
  readonly typists: number
  readonly words: readonly string[]
  readonly seconds: number
}

type Found = Pick<LinkSearchFigures, 'searches' | 'p50' | 'p99' | 'answeredBySite'>

async function type({ app, cookie, typists, words, seconds }: Typing): Promise<Found> {
  const search = (word: number): string => `${app}/connect/links/Item?q=${encodeURIComponent(words[word % words.length]!)}`
  // Unmeasured: code that is met for the first time is slow.
  await drive(typists, seconds / 4, search, { cookie })
  const found = await drive(typists, seconds, search, { cookie })
  const fresh = found.texts.filter((text) => (JSON.parse(text) as { source?: string }).source === 'upstream')
  const sorted = Float64Array.from(found.latencies).toSorted()
  return {
    searches: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    answeredBySite: (fresh.length / sorted.length) * 100,
  }
}

const middle = ({ latencies }: { readonly latencies: readonly number[] }): number => quantile(Float64Array.from(latencies).toSorted(), 0.5)

async function register(site: string): Promise<Pick<LinksWork, 'port' | 'id' | 'secret'>> {
  const port = await freePort('127.0.0.1')
  const redirect = `http://127.0.0.1:${port}/connect/callback`
  const administrator = new Browser(site)
  await administrator.signIn('Administrator', ADMIN_PASSWORD)
  const { email, password } = TYPIST
  await administrator.insert('User', { email, first_name: 'Typist', new_password: password, roles: [{ role: ROLE }] })
  const addresses = { redirect_uris: redirect, default_redirect_uri: redirect }
  const client = await administrator.insert('OAuth Client', {
    app_name: 'Links',
    scopes: 'openid Item:read',
    allowed_roles: [],
    ...addresses,
  })
  return { port, id: String(client['client_id']), secret: String(client['client_secret']) }
}

/** The Cookie header of a person who signed in to the app. */
async function signIn(site: string, app: string): Promise<string> {
  const clerk = new Browser(site)
  await clerk.signIn(TYPIST.email, TYPIST.password)
  const jar = new CookieJar()
  const visit = async (url: string): Promise<Response> => {
    const response = await fetch(url, { headers: { cookie: jar.header() ?? '' }, redirect: 'manual' })
    jar.accept(response.headers)
    return response
  }
  const { pathname, search } = new URL((await visit(`${app}/connect/login`)).headers.get('location') ?? '')
  const back = await visit(`${app}/connect/callback?${await clerk.authorize(pathname + search)}`)
  if (back.status !== 303) throw new Error(`The app lets nobody in: ${back.status} ${await back.text()}`)
  return jar.header() ?? ''
}

/** Ends of titles of three characters to nine, as somebody types a number; or beginnings of two to eight, which are those of a kind of Item. */
const wordsOf = (words: Words, documents: number): string[] =>
  Array.from({ length: WORDS }, (_, word) => {
    const name = itemName((word * 7919) % documents)
    return words === 'rare' ? name.slice(-(3 + (word % 7))).trim() : name.slice(0, 2 + (word % 7)).trim()
  })

/** Every connection asks its next question when the last one is answered, until the time is up. */
async function drive(
  connections: number,
  seconds: number,
  address: (question: number) => string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly latencies: number[]; readonly texts: string[] }> {
  const agent = new Agent({ connections })
  const [latencies, texts]: [number[], string[]] = [[], []]
  const end = performance.now() + seconds * 1000
  let question = 0
  const lane = async (): Promise<void> => {
    do {
      const begin = performance.now()
      const { statusCode, body } = await request(address((question += 1)), { headers, dispatcher: agent })
      const text = await body.text()
      latencies.push(performance.now() - begin)
      texts.push(text)
      if (statusCode !== 200) throw new Error(`A request of the bench was answered ${statusCode}: ${text.slice(0, 500)}`)
    } while (performance.now() < end)
  }
  try {
    await Promise.all(Array.from({ length: connections }, lane))
  } finally {
    await agent.close()
  }
  return { latencies, texts }
}
