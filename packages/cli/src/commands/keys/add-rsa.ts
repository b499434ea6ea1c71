import { defineCommand } from 'citty'
import { keyLines } from '../../key-lines.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

/** `annex keys add-rsa`: the ring gets keys for RS256 beside those for ES256. */
export const keysAddRsa = defineCommand({
  meta: { name: 'add-rsa', description: 'Add keys for RS256, for apps whose libraries know no ES256' },
  run: () =>
    withSite(async (site, administrator) => {
      const keys = await site.keys.add('RS256', administrator.user)
      print('Apps with RS256 ID Token get such id_tokens from now on:')
      keyLines(keys).forEach(print)
    }),
})
