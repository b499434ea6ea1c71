import { createConnector, createKeys, memoryStore } from '@annex/connector'

// Next loads an app's files once for each of its routes; what is in memory has to be one for all.
export const openConnector = () =>
  (globalThis.connector ??= createConnector({
    issuer: process.env.ISSUER,
    client: { id: process.env.CLIENT, secret: process.env.SECRET, redirectUri: `${process.env.APP}/connect/callback` },
    scopes: { required: ['openid', 'Item:read'] },
    store: memoryStore(),
    keys: createKeys(),
    links: { Item: {} },
    webhooks: { secrets: { frappe: [process.env.WEBHOOK] }, onDocument: () => undefined },
  }))
