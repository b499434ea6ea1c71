import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '@annex/connector/testing'
import { itemCode, itemValues } from '../data/item-doctype.ts'

/** A fake site in a process of its own: what an app costs is measured apart from it, and its renewals are counted here. */
const fake = new FakeUpstream()
fake.documents.set('Item', { name: itemCode(0), ...itemValues(0) })

const answers: Readonly<Record<string, (word: string) => unknown>> = {
  /** A person allows the app what it asks for; gives where their browser is sent. */
  allow: (url) => fake.allow(url),
  /** Time passes, in milliseconds. */
  advance: (ms) => fake.clock.advance(Number(ms)),
  /** How often a token was asked for. */
  asked: () => fake.count(OAUTH_PATHS.token),
  client: () => fake.client,
}
process.on('message', ({ id, word }: { readonly id: number; readonly word: string }) => {
  const [act = '', rest = ''] = word.split(' ')
  const answer = answers[act]
  if (answer !== undefined) void Promise.resolve(answer(rest)).then((value) => process.send?.({ id, answer: value ?? null }))
})

const { url } = await fake.listen()
// Kept alive until it is told to end.
process.once('SIGTERM', () => process.exit(0))
process.stdout.write(`listening on ${url}\n`)
