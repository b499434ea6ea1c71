import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** Kinds of apps that nobody need be sent back to. */
const ALONE = new Set(['native', 'service', 'agent'])

/** `annex app create NAME --redirect-uri URI`: prints the client ID and, once, the secret. */
export const appCreate = defineCommand({
  meta: { name: 'create', description: 'Register an app; its secret is printed this once' },
  args: {
    name: { type: 'positional', required: true, description: 'What people will read on the consent page' },
    'redirect-uri': {
      type: 'string',
      description: 'Where the site sends people back to; several apart by spaces, the first is the default',
    },
    scopes: { type: 'string', default: 'openid', description: 'What the app may ask for, apart by spaces, such as "openid Item:read"' },
    required: { type: 'string', description: 'Which of these a person cannot untick' },
    optional: { type: 'string', description: 'Which of these start unticked when they change something' },
    kind: { type: 'string', default: 'web', description: 'web, service or agent (keep a secret), public or native' },
    'service-user': { type: 'string', description: 'Whose rights a service or an agent has when it signs in for itself' },
    pkce: { type: 'boolean', default: true, description: 'Require PKCE; --no-pkce for an old client that cannot' },
  },
  run: ({ args }) => {
    const redirectUris = (args['redirect-uri'] ?? '').split(/\s+/).filter((uri) => uri !== '')
    if (redirectUris.length === 0 && !ALONE.has(args.kind)) throw new Error('--redirect-uri is missing; see annex app create --help')
    return withSite(async (site, administrator) => {
      const app = await site.clients.insert(administrator, {
        app_name: args.name,
        kind: args.kind,
        scopes: args.scopes,
        required_scopes: args.required ?? '',
        optional_scopes: args.optional ?? '',
        redirect_uris: redirectUris.join('\n'),
        default_redirect_uri: redirectUris[0] ?? '',
        service_user: args['service-user'] ?? '',
        require_pkce: args.pkce ? 1 : 0,
      })
      print(`client ID      ${app.id}`)
      if (app.secret === undefined) return
      print(`client secret  ${app.secret}`)
      print('The secret is shown this once; put it into the app’s configuration now.')
    })
  },
})
