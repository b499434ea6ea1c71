import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex app list`: one line an app. */
export const appList = defineCommand({
  meta: { name: 'list', description: 'List the registered apps' },
  run: () =>
    withSite(async (site, administrator) => {
      const apps = await site.clients.list(administrator)
      for (const app of apps)
        print([app.id, app.state.toLowerCase().padEnd(9), app.kind, app.name, app.defaultRedirectUri].join('  ').trimEnd())
      if (apps.length === 0) print('No app is registered yet; make one with: annex app create NAME --redirect-uri URI')
    }),
})
