import { defineCommand } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print, shownTime } from '../../print.ts'
import { withSite } from '../../with-site.ts'

const DAY = 86_400_000_000

/** `annex app rotate-secret ID`: prints a new secret; the old one works for a while longer. */
export const appRotateSecret = defineCommand({
  meta: { name: 'rotate-secret', description: 'Make a new secret for an app; the one before works for a day longer' },
  args: {
    id: { type: 'positional', required: true, description: 'The app’s client ID' },
    overlap: { type: 'string', default: '1', description: 'Days for which the secret before goes on working, 0 to 30; 0 ends it at once' },
  },
  run: ({ args }) => {
    if (!/^\d{1,2}$/.test(args.overlap) || Number(args.overlap) > 30) throw new Error('--overlap must be 0 to 30 days')
    return withSite(async (site, administrator) => {
      await requireApp(site, administrator, args.id)
      const { secret, oldUntil } = await site.clients.rotateSecret(administrator, args.id, Number(args.overlap) * DAY)
      print(`client secret  ${secret}`)
      print('The secret is shown this once; put it into the app’s configuration now.')
      if (oldUntil !== undefined) print(`The one before works until ${shownTime(oldUntil)}.`)
    })
  },
})
