import { expect, test } from 'vitest'
import type { ConnectorEvents } from '../connector/events.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'

// A Frappe tells nobody of a revocation.
test.each([
  ['dropped', {}, []],
  ['dropped', { docnames: 'drop' }, []],
  ['kept', { docnames: 'keep' }, ['I-1']],
] as const)(
  'a revocation at a Frappe is heard at the next renewal: docnames are %s (%j), and the app is told once',
  async (_what, revocations, left) => {
    const site = new FakeUpstream({ kind: 'frappe-15' })
    const app = new TestApp(site, { revocations })
    const told: ConnectorEvents['needs-sign-in'][] = []
    app.connector.on('needs-sign-in', (detail) => void told.push(detail))
    await app.signIn()
    const connection = await app.connection()
    const { docnames } = app.store.of('')
    const row = {
      doctype: 'Item',
      name: 'I-1',
      label: '',
      description: '',
      fields: {},
      modified: '',
      creation: '',
      renamedTo: null,
      seenAt: 1,
    }
    await docnames.keep(connection.id, '', [{ ...row, state: 'there' }])
    await site.revoke()
    site.clock.advance(3_600_000)
    await expect(connection.token()).rejects.toMatchObject({ code: 'sign_in_required' })
    await expect.poll(() => told).toEqual([{ connection: connection.id, reason: 'expired' }])
    expect((await docnames.resolve(connection.id, 'Item', ['I-1'])).map(({ name }) => name)).toEqual(left)
    await app.connector.work()
    expect(told).toHaveLength(1)
  },
)
