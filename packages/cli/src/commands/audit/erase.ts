import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex audit erase USER`: nobody can tell any more that it was they; what was done stays, and can still be proven. */
export const auditErase = defineCommand({
  meta: { name: 'erase', description: 'Take a person’s name and addresses out of the audit trail, for ever' },
  args: { user: { type: 'positional', required: true, description: 'The user, as the trail knows them' } },
  run: ({ args }) =>
    withSite(async ({ trail }, administrator) => {
      if (!(await trail.erase(args.user, administrator.user))) throw new Error(`the trail does not know ${args.user}`)
      print(`${args.user} is not named in the trail any more. Backups made before still name them.`)
    }),
})
