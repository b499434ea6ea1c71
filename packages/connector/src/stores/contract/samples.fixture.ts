import { randomToken } from '../../core/sealing/base64.ts'
import type { InboxEntry, KeptDocname, StoredConnection, StoredRegistration } from '../connector-store.ts'

/** Names that need care where they are part of a key, a pattern or a line. */
export const ODD_NAMES = ['a:b', 'a|b', '100 %_\\', 'two\nlines', '"quoted" [x]', '€ 🧾 é', 'ü'.repeat(140), ' ', "o'neill"]

export const connectionOf = (values: Partial<StoredConnection> = {}): StoredConnection => ({
  id: randomToken(),
  version: 1,
  issuer: 'https://erp.example.com',
  subject: randomToken(),
  name: 'Sam',
  email: null,
  scopes: ['openid', 'Item:read'],
  sealed: 'k1.sealed',
  issuedAt: 1_700_000_000_000,
  expiresAt: 1_700_003_600_000,
  state: 'active',
  reason: null,
  stateAt: 1_700_000_000_000,
  untold: null,
  unforgotten: false,
  failures: 0,
  retryAt: 0,
  renewedAt: 1_700_000_000_000,
  ...values,
})

export const docnameOf = (values: Partial<KeptDocname> = {}): KeptDocname => ({
  doctype: 'Item',
  name: 'ITEM-1',
  label: 'Bolt',
  description: 'Products',
  fields: {},
  modified: '',
  creation: '',
  state: 'there',
  renamedTo: null,
  seenAt: 1000,
  ...values,
})

export const entryOf = (values: Partial<InboxEntry> = {}): Omit<InboxEntry, 'attempts'> => ({
  id: randomToken(),
  kind: 'document',
  payload: '{"name":"ü"}',
  receivedAt: 1000,
  ...values,
})

export const registrationOf = (values: Partial<StoredRegistration> = {}): StoredRegistration => ({
  issuer: `https://${randomToken()}.example.com`,
  redirectUri: 'https://app.example.com/connect/callback',
  clientId: 'shop',
  secret: 'k1.sealed',
  registeredAt: 1_700_000_000_000,
  ...values,
})
