import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { keyLines } from '../key-lines.ts'
import { withSite } from '../with-site.ts'

/** `annex keys list`: the keys that sign id_tokens, one line each, without their private parts. */
export const keysList = defineCommand({
  meta: { name: 'list', description: 'List the signing keys: next, current and retired' },
  run: () => withSite(async (site) => keyLines(site.signingKeys.list()).forEach(print)),
})
