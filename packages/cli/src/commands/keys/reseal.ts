import { defineCommand } from 'citty'
import { secretKeyLines } from '../../key-lines.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys reseal`: every sealed value by the current key. Exits with 1 when one could not be opened. */
export const keysReseal = defineCommand({
  meta: { name: 'reseal', description: 'Seal every value anew with the current secret key, while the site runs' },
  run: () =>
    withSite(async (site, administrator) => {
      const { keyId, kinds, unopened } = await site.sealedValues.reseal(administrator.user)
      print(`Sealed anew with ${keyId}:`)
      for (const { kind, values } of kinds) print(`${kind}  ${values}`)
      const { keys } = await site.sealedValues.uses()
      const retired = keys.filter(({ state }) => state === 'retired')
      if (retired.length > 0) print('Retired keys; one that nothing hangs on can be taken out by annex keys remove:')
      secretKeyLines(retired).forEach(print)
      if (unopened.length === 0) return
      print(`Not opened, and left as ${unopened.length === 1 ? 'it is' : 'they are'}:`)
      unopened.forEach(print)
      process.exitCode = 1
    }),
})
