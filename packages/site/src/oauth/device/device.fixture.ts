import { post, register, type App, type Reply } from '../testing/app.fixture.ts'
import type { Provider } from '../testing/provider.fixture.ts'

export const START = '/api/method/frappe.integrations.oauth2.device_authorization'
export const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** An app for a device without a browser. */
export const registerTerminal = (provider: Provider, values: Record<string, unknown> = {}): Promise<App> =>
  register(provider, { kind: 'native', app_name: 'Warehouse Terminal', scopes: 'openid Item:read Item:write', ...values })

/** What the device sends first. */
export const begin = (provider: Provider, client: App, values: Record<string, string> = {}): Promise<Reply> =>
  post(provider, START, { client_id: client.id, ...(client.secret === '' ? {} : { client_secret: client.secret }), ...values })
