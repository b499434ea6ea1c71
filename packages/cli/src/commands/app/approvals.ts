import { defineCommand } from 'citty'
import { print, shownTime } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex app approvals`: who waits to be allowed to use an app that asks for approval. */
export const appApprovals = defineCommand({
  meta: { name: 'approvals', description: 'List who waits to be allowed to use an app' },
  run: () =>
    withSite(async (site, administrator) => {
      const waiting = await site.clients.approvals.list(administrator)
      for (const { client, user, created } of waiting) print([client, user, `asked ${shownTime(created)}`].join('  '))
      if (waiting.length === 0) print('Nobody waits.')
    }),
})
