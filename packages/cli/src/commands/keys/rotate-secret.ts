import { defineCommand } from 'citty'
import { secretKeyLines } from '../../key-lines.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys rotate-secret`: the next secret key takes over, and a new one is made. Running processes follow at once. */
export const keysRotateSecret = defineCommand({
  meta: {
    name: 'rotate-secret',
    description: 'Let the next secret key take over, which seals values and renews tokens, and make a new one',
  },
  args: {
    early: { type: 'boolean', description: 'Also when processes may lack the next key yet: for a current key that has leaked' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      const { tookOver, keys } = await site.keys.rotateSecret({ early: args.early === true, user: administrator.user })
      print(
        tookOver
          ? 'The next key is in use from now on; annex keys reseal seals with it what hangs on others:'
          : 'The ring had no next secret key; it has one now. Rotate again in ten minutes:',
      )
      secretKeyLines(keys).forEach(print)
    }),
})
