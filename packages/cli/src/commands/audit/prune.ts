import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex audit prune`: what a running site does by the hour, by its policy or by a number of days. */
export const auditPrune = defineCommand({
  meta: { name: 'prune', description: 'Remove old rows of the audit trail and leave a signed checkpoint' },
  args: {
    days: {
      type: 'string',
      valueHint: 'DAYS',
      description: 'Keep so many days; the site’s policy (Audit Days in OAuth Settings) when not given',
    },
    'lost-key': {
      type: 'string',
      valueHint: 'KEY,KEY',
      description: 'Keys of which nothing was kept: what they signed may go once a later batch proves it',
    },
  },
  run: ({ args }) =>
    withSite(async ({ trail, rooms }) => {
      const days = args.days === undefined ? (await rooms.settings.read()).auditDays : parseDays(args.days)
      const removed = await trail.prune(days, args['lost-key']?.split(','))
      print(
        days === 0
          ? 'The policy keeps all rows.'
          : `${removed} rows older than ${days} days are gone; a signed checkpoint stands for them.`,
      )
    }),
})

function parseDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1) throw new Error('--days: write a whole number of days, 1 or more')
  return days
}
