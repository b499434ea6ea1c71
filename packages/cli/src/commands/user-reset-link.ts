import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex user reset-link USER`: for somebody who cannot sign in. */
export const userResetLink = defineCommand({
  meta: { name: 'reset-link', description: 'Make a link by which a user sets a new password: good once, for one hour' },
  args: { user: { type: 'positional', required: true, description: 'The e-mail address that the user signs in with' } },
  async run({ args }) {
    print(await withSite((site, administrator) => site.passwordResets.link(administrator, args.user)))
  },
})
