import type { DocumentChange } from '@annex/connector'
import type { FakeUpstream, TestApp, WebhookOddities, WebhookTarget } from '@annex/connector/testing'
import { expect } from 'vitest'
import { appAt } from '../app-at.ts'
import type { Case, UpstreamUnderTest } from '../upstream-under-test.ts'

const STANDARD = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
const FRAPPE = 'hush-hush'

const DAYS_3 = 3 * 24 * 3_600_000

interface Hearing {
  readonly app: TestApp
  readonly fake: FakeUpstream
  readonly connection: Awaited<ReturnType<TestApp['connection']>>
  readonly told: DocumentChange[]
  /** A document of the test's own, changed so many times, told each time. */
  send(odd?: WebhookOddities, times?: number): Promise<number[]>
}

/** An app that hears of documents, with somebody signed in, who reads what it is told of. */
async function hearing(upstream: UpstreamUnderTest): Promise<Hearing> {
  const told: DocumentChange[] = []
  const readers: string[] = []
  const fake = upstream.fake!
  const onDocument = (change: DocumentChange): void => void told.push(change)
  const webhooks = { secrets: { standard: [STANDARD], frappe: [FRAPPE] }, onDocument, readers: () => readers }
  const app = appAt(upstream, { more: { webhooks } })
  await app.signIn()
  const connection = await app.connection()
  readers.push(connection.id)
  const fetch = async (url: string, init?: RequestInit): Promise<Response> => (await app.connector.handler(new Request(url, init)))!
  const scheme = fake.kind === 'annex' ? 'standard' : 'frappe'
  const url = `${app.connector.origin}/connect/webhook/Client`
  const to: WebhookTarget = { url, secret: scheme === 'standard' ? STANDARD : FRAPPE, scheme, fetch }
  return {
    app,
    fake,
    connection,
    told,
    send: async (odd, times = 1) => {
      const name = `Told ${connection.id}`
      const changes = Array.from({ length: times }, (_, at) => {
        const { modified } = fake.documents.set('Client', { name, client_name: name, region: `region ${at + 1}` })
        return { doctype: 'Client', name, event: 'on_update', values: { modified } } as const
      })
      return (await fake.webhook(changes, to, odd)).map(({ status }) => status)
    },
  }
}

const lastRegion = ({ told }: Hearing): unknown => told.at(-1)?.document?.['region']

export const callCases: readonly Case[] = [
  {
    title: 'T8 D24 a webhook that comes three times is worked on once, with what stands at the site',
    needs: ['webhooks'],
    run: async (upstream) => {
      const all = await hearing(upstream)
      expect(await all.send({ repeat: 3 })).toEqual([204, 204, 204])
      await all.app.connector.work()
      await all.app.connector.work()
      expect(all.told).toMatchObject([
        { doctype: 'Client', state: 'there', connection: all.connection.id, document: { region: 'region 1' } },
      ])
    },
  },
  {
    title: 'T8 a webhook that was altered on its way is refused',
    needs: ['webhooks'],
    run: async (upstream) => {
      const all = await hearing(upstream)
      expect(await all.send({ altered: true })).toEqual([401])
      await all.app.connector.work()
      expect(all.told).toEqual([])
    },
  },
  {
    title: 'T8 a webhook that comes three days late is refused where it says when it was sent',
    needs: ['webhooks'],
    run: async (upstream) => {
      const all = await hearing(upstream)
      // A Frappe says no time; what it names is read at the site all the same.
      expect(await all.send({ lateMs: DAYS_3 })).toEqual([all.fake.kind === 'annex' ? 401 : 204])
    },
  },
  {
    title: 'T8 webhooks that come the other way round leave what is newest',
    needs: ['webhooks'],
    run: async (upstream) => {
      const all = await hearing(upstream)
      expect(await all.send({ reversed: true }, 3)).toEqual([204, 204, 204])
      await all.app.connector.work()
      expect(lastRegion(all)).toBe('region 3')
      expect(new Set(all.told.map(({ modified }) => modified)).size).toBe(all.told.length)
    },
  },
  {
    title: 'T8 webhooks are taken by an app whose clock is five minutes wrong, either way',
    needs: ['webhooks'],
    run: async (upstream) => {
      const all = await hearing(upstream)
      for (const ahead of [-299_000, 299_000]) {
        all.app.ahead = ahead
        expect(await all.send()).toEqual([204])
      }
    },
  },
]
