import { SignInRequired } from '@annex/connector'
import type { TestApp } from '@annex/connector/testing'
import { expect } from 'vitest'
import { appAt } from '../app-at.ts'
import type { Case, UpstreamUnderTest } from '../upstream-under-test.ts'

const soon = { timeout: 5000, interval: 20 }

/** An app that is told of access, with alice signed in. */
async function told(upstream: UpstreamUnderTest): Promise<{ app: TestApp; connection: Awaited<ReturnType<TestApp['connection']>> }> {
  const { telling } = upstream
  const app = appAt(upstream, { more: { revocations: { eventSecrets: [telling!.secret] } } })
  await app.signIn()
  telling!.tell(app.connector)
  return { app, connection: await app.connection() }
}

export const accessCases: readonly Case[] = [
  {
    title: 'D24 an app hears within five seconds that a person’s access has ended, and keeps no token of it',
    needs: ['events'],
    run: async (upstream) => {
      const { app, connection } = await told(upstream)
      const revoked: unknown[] = []
      const refused: unknown[] = []
      app.connector.on('revoked', (detail) => void revoked.push(detail))
      app.connector.on('webhook-rejected', (detail) => void refused.push(detail))
      await upstream.telling!.takeBack('alice')
      const worked = async (): Promise<unknown[]> => {
        await app.connector.work()
        return revoked
      }
      await expect.poll(worked, soon).toMatchObject([{ connection: connection.id }])
      await expect(connection.token()).rejects.toThrow(SignInRequired)
      expect(refused).toEqual([])
    },
  },
  {
    title: 'G08 a sign-out at the site ends the session and nothing else, also for an app whose clock is five minutes wrong',
    needs: ['events'],
    run: async (upstream) => {
      for (const ahead of [-299_000, 299_000]) {
        const { app, connection } = await told(upstream)
        expect(await app.connector.session(app.request())).toBeDefined()
        app.ahead = ahead
        await upstream.telling!.signOut('alice')
        await expect.poll(() => app.connector.session(app.request()), soon).toBeUndefined()
        await app.connector.work()
        expect(await connection.client.user()).toBe('alice@example.com')
      }
    },
  },
]
