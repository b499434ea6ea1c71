import { expect, it } from 'vitest'
import { OAUTH_PATHS } from './oauth-messages.ts'

it('the provider is where apps of Frappe look for it', () => {
  expect(OAUTH_PATHS).toEqual({
    authorize: '/api/method/frappe.integrations.oauth2.authorize',
    approve: '/api/method/frappe.integrations.oauth2.approve',
    token: '/api/method/frappe.integrations.oauth2.get_token',
    revoke: '/api/method/frappe.integrations.oauth2.revoke_token',
    introspect: '/api/method/frappe.integrations.oauth2.introspect_token',
    deviceAuthorization: '/api/method/frappe.integrations.oauth2.device_authorization',
    register: '/api/method/frappe.integrations.oauth2.register_client',
    endSession: '/api/method/frappe.integrations.oauth2.end_session',
    profile: '/api/method/frappe.integrations.oauth2.openid_profile',
    configuration: '/api/method/frappe.integrations.oauth2.openid_configuration',
    openidDiscovery: '/.well-known/openid-configuration',
    serverMetadata: '/.well-known/oauth-authorization-server',
    resourceMetadata: '/.well-known/oauth-protected-resource',
    jwks: '/.well-known/jwks.json',
  })
})
