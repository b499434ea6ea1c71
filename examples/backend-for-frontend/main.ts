import { createKeys, memoryStore } from '@annex/connector'
import { createApp } from './server.ts'

const { ISSUER: issuer = '', CLIENT_ID: id = '', CLIENT_SECRET: secret = '', ORIGIN: origin = 'http://localhost:4100' } = process.env
const client = { id, secret, redirectUri: `${origin}/connect/callback` }
createApp({
  issuer,
  client,
  scopes: { required: ['openid', 'User:read', 'ToDo:create'] },
  store: memoryStore(),
  keys: createKeys(),
}).listen(Number(new URL(origin).port))
