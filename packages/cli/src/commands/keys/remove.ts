import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys remove KEY`: a retired secret key leaves the ring, when nothing hangs on it any more. */
export const keysRemove = defineCommand({
  meta: { name: 'remove', description: 'Take a retired secret key out of the ring, when nothing hangs on it' },
  args: {
    key: { type: 'positional', required: true, description: 'Its id, as annex keys list shows it' },
    yes: { type: 'boolean', default: false, description: 'Say that a copy of the key file is beside the backups from before' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      if (!args.yes)
        throw new Error(
          'values in backups from before cannot be read without the key: put a copy of the key file beside them, and repeat with --yes',
        )
      await site.sealedValues.removeKey(args.key, administrator.user)
      print(`The key ${args.key} is out of the ring.`)
    }),
})
