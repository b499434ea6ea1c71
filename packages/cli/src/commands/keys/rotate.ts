import { defineCommand } from 'citty'
import { keyLines } from '../../key-lines.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys rotate`: the next signing key takes over, and a new one is published as next. Running processes follow at once. */
export const keysRotate = defineCommand({
  meta: { name: 'rotate', description: 'Let the next signing key take over, and publish a new one' },
  args: {
    early: { type: 'boolean', description: 'Also when verifiers may not have seen the next key yet: for a current key that has leaked' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      const { tookOver, keys } = await site.keys.rotate({ early: args.early === true, user: administrator.user })
      print(tookOver ? 'The next key signs from now on:' : 'The ring had no next key; one is published now. Rotate again in ten minutes:')
      keyLines(keys).forEach(print)
    }),
})
