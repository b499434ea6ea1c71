import { defineCommand } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex app end-secret ID SECRET`: one of two secrets ends at once. */
export const appEndSecret = defineCommand({
  meta: { name: 'end-secret', description: 'End one of the two secrets of an app at once' },
  args: {
    id: { type: 'positional', required: true, description: 'The app’s client ID' },
    secret: { type: 'positional', required: true, description: 'The secret’s own id, as annex app secrets shows it' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, args.id)
      await site.clients.endSecret(administrator, args.id, args.secret)
      print('The secret has ended.')
    }),
})
