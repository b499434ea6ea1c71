import { defineCommand } from 'citty'
import { print } from '../../print.ts'
import { keyLines, secretKeyLines } from '../../key-lines.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys list`: the site's keys, one line each, without their private parts, and what hangs on the secret ones. */
export const keysList = defineCommand({
  meta: { name: 'list', description: 'List the keys: next, current and retired, and what hangs on the secret ones' },
  run: () =>
    withSite(async (site) => {
      keyLines(site.keys.list()).forEach(print)
      const { keys, unbound } = await site.sealedValues.uses()
      secretKeyLines(keys).forEach(print)
      if (keys.some(({ state }) => state === 'lacking'))
        print(
          'What hangs on a key that this ring lacks can be neither read nor proven: put the key back into the ring, or write its values anew.',
        )
      if (unbound > 0)
        print(`${unbound} ${unbound === 1 ? 'value is' : 'values are'} not bound to this site yet; annex keys reseal binds them.`)
    }),
})
