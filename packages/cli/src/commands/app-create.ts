import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex app create NAME --redirect-uri URI`: prints the client ID and, once, the secret. */
export const appCreate = defineCommand({
  meta: { name: 'create', description: 'Register an app; its secret is printed this once' },
  args: {
    name: { type: 'positional', required: true, description: 'What people will read on the consent page' },
    'redirect-uri': {
      type: 'string',
      required: true,
      description: 'Where the site sends people back to; several apart by spaces, the first is the default',
    },
    scopes: { type: 'string', default: 'openid', description: 'What the app may ask for, apart by spaces, such as "openid Item:read"' },
    required: { type: 'string', description: 'Which of these a person cannot untick' },
    optional: { type: 'string', description: 'Which of these start unticked when they change something' },
    kind: { type: 'string', default: 'web', description: 'web (keeps a secret), public or native' },
    pkce: { type: 'boolean', default: true, description: 'Require PKCE; --no-pkce for an old client that cannot' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      const redirectUris = args['redirect-uri'].split(/\s+/).filter((uri) => uri !== '')
      const app = await site.clients.insert(administrator, {
        app_name: args.name,
        kind: args.kind,
        scopes: args.scopes,
        required_scopes: args.required ?? '',
        optional_scopes: args.optional ?? '',
        redirect_uris: redirectUris.join('\n'),
        default_redirect_uri: redirectUris[0] ?? '',
        require_pkce: args.pkce ? 1 : 0,
      })
      print(`client ID      ${app.id}`)
      if (app.secret === undefined) return
      print(`client secret  ${app.secret}`)
      print('The secret is shown this once; put it into the app’s configuration now.')
    }),
})
