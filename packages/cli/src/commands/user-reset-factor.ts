import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex user reset-factor USER`: for somebody who lost their phone and their recovery codes. */
export const userResetFactor = defineCommand({
  meta: {
    name: 'reset-factor',
    description:
      'Take the second factor from a user who lost it; they sign in by the password alone then, or set up another if a role asks',
  },
  args: { user: { type: 'positional', required: true, description: 'The e-mail address that the user signs in with' } },
  async run({ args }) {
    const mustSetUp = await withSite(async ({ rooms }, administrator) => {
      await rooms.secondFactors.reset(administrator, args.user)
      return rooms.principals.lacksFactor(args.user)
    })
    print(
      mustSetUp
        ? `${args.user} has no second factor now; a role of theirs asks for one, so they set up another when they sign in.`
        : `${args.user} signs in by the password alone now.`,
    )
  },
})
