import { defineCommand } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex app retire ID`: nobody can connect with the app any more, and every access it had is over. */
export const appRetire = defineCommand({
  meta: { name: 'retire', description: 'End an app: its sign-ins and all access that it was given' },
  args: { id: { type: 'positional', required: true, description: 'The app’s client ID' } },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, args.id)
      await site.clients.retire(administrator, args.id)
      print(`App ${args.id} is retired; every access it was given has ended.`)
    }),
})
