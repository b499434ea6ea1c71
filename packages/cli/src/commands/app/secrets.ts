import { defineCommand } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print, shownTime } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex app secrets ID`: one line a secret that works now, without its text. */
export const appSecrets = defineCommand({
  meta: { name: 'secrets', description: 'List the secrets of an app that work now' },
  args: { id: { type: 'positional', required: true, description: 'The app’s client ID' } },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, args.id)
      const secrets = await site.clients.listSecrets(administrator, args.id)
      for (const { id, created, expires, last_used: lastUsed } of secrets)
        print(
          [
            id,
            `made ${shownTime(created)}`,
            expires === null ? 'no end' : `ends ${shownTime(expires)}`,
            lastUsed === null ? 'not used yet' : `last used ${shownTime(lastUsed)}`,
          ].join('  '),
        )
      if (secrets.length === 0) print('This app has no secret.')
    }),
})
