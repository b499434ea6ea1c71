import type { Config } from '@annex/site'
import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex user reset-link USER`: for somebody who cannot sign in. */
export const userResetLink = defineCommand({
  meta: { name: 'reset-link', description: 'Make a link by which a user sets a new password: good once, for one hour' },
  args: { user: { type: 'positional', required: true, description: 'The e-mail address that the user signs in with' } },
  async run({ args }) {
    print(await withSite((site, administrator) => site.passwordResets.link(administrator, args.user), atAddress))
  },
})

/** A link to where nobody listens helps nobody: the address is the one that was set, or where the site listened last. */
async function atAddress(config: Config): Promise<Config> {
  if (config.url !== undefined || process.env['PORT']) return config
  const { keptAddress } = await import('@annex/site')
  const url = await keptAddress(config.dataFolder)
  if (url !== undefined) return { ...config, url }
  throw new Error('ANNEX_URL: set it to the address where people find the site; it has not listened with this data folder yet')
}
