import { defineCommand } from 'citty'
import { requireApp } from '../known-app.ts'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex app rotate-secret ID`: prints a new secret; the old one works for a while longer. */
export const appRotateSecret = defineCommand({
  meta: { name: 'rotate-secret', description: 'Make a new secret for an app; the one before works for a day longer' },
  args: { id: { type: 'positional', required: true, description: 'The app’s client ID' } },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, args.id)
      const { secret, oldUntil } = await site.clients.rotateSecret(administrator, args.id)
      print(`client secret  ${secret}`)
      print('The secret is shown this once; put it into the app’s configuration now.')
      if (oldUntil !== undefined) print(`The one before works until ${new Date(oldUntil / 1000).toISOString()}.`)
    }),
})
