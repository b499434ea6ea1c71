import { registerHooks } from 'node:module'

/** Says on the standard output, as JSON, which modules an app has loaded once its connector is made. */
const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
const { createConnector, createKeys, memoryStore } = await import('../../index.ts')
createConnector({
  issuer: 'https://erp.example.com',
  client: { id: 'shop', redirectUri: 'https://shop.example.com/connect/callback' },
  scopes: { required: ['openid'] },
  store: memoryStore(),
  keys: createKeys(),
})
process.stdout.write(JSON.stringify(loaded))
