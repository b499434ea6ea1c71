import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createConnector, type Connector, type ConnectorOptions, type Session } from '@annex/connector'
import { openSqlStore } from '@annex/connector/stores/sql'
import type { Config } from './config.ts'
import { readKeys } from './keys.ts'
import { Notes } from './notes.ts'

/** What can be wrong with a note, for the person to read. */
export const wrongs = { text: 'Write something first.', customer: 'Choose a customer from the list.' } as const

export type Wrong = keyof typeof wrongs

/** What the pages and the server work with. */
export interface App {
  readonly connector: Connector
  readonly notes: Notes
  /** Keeps a note, if the customer is one that this person may see. Gives what is wrong with it. */
  insertNote(session: Session, customer: string, text: string): Promise<Wrong | undefined>
  close(): Promise<void>
}

/** Opens the app. Tests give `fetch` and more of the connector's options. */
export async function openApp(config: Config, more: Partial<ConnectorOptions> = {}): Promise<App> {
  // What lies there is for nobody else on this computer.
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const store = await openSqlStore(`sqlite:${resolve(config.data, 'connector.db')}`)
  const notes = new Notes(join(config.data, 'notes.db'))
  const redirectUri = `${config.url}/connect/callback`
  const connector = createConnector({
    issuer: config.site,
    client: config.client ? { ...config.client, redirectUri } : { register: { name: '{{name}}' }, redirectUri },
    scopes: { required: ['openid'], optional: ['Customer:read'] },
    store,
    keys: readKeys(join(config.data, 'keys.json')),
    links: { Customer: { label: 'customer_name', searchFields: ['customer_name'] } },
    // A site that tells of sign-outs and of access that was taken back is heard at /connect/backchannel-logout.
    revocations: {},
    ...(config.webhookSecret === undefined
      ? {}
      : {
          webhooks: {
            secrets: { frappe: [config.webhookSecret] },
            doctypes: ['Customer'],
            readers: ({ name }) => notes.readers(name),
            onDocument: ({ connection, name, document }) => {
              const label = document?.['customer_name']
              if (typeof label === 'string') notes.rename(connection, name, label)
            },
          },
        }),
    ...more,
  })
  const worker = connector.start()
  return {
    connector,
    notes,
    async insertNote(session, customer, text) {
      if (text.trim() === '') return 'text'
      const [verdict] = await connector.connection(session).docnames.validate([{ doctype: 'Customer', name: customer }])
      if (verdict?.verdict !== 'there') return 'customer'
      notes.insert(session, { customer, label: verdict.item.label, text: text.trim().slice(0, 1000) })
      return undefined
    },
    async close() {
      await worker.stop()
      await store.close()
      notes.close()
    },
  }
}
