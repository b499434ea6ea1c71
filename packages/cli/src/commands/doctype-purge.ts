import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex doctype purge NAME`: what fields that are gone have left in the database; with `--yes` it is dropped. */
export const doctypePurge = defineCommand({
  meta: { name: 'purge', description: 'List the values that fields which are gone have left behind, or drop them with --yes' },
  args: {
    name: { type: 'positional', required: true, description: 'The DocType' },
    yes: { type: 'boolean', default: false, description: 'Drop them for ever' },
  },
  async run({ args }) {
    const { listFormerColumns, purgeFormerColumns } = await import('@annex/site')
    const former = await withSite(({ rooms: { database, doctypes } }) =>
      (args.yes ? purgeFormerColumns : listFormerColumns)(database, doctypes, args.name),
    )
    for (const { column, values } of former) print(`${column}  ${values} ${values === 1 ? 'value' : 'values'}`)
    if (former.length === 0) print(`Nothing is left of former fields of ${args.name}.`)
    else
      print(
        args.yes ? 'Dropped.' : 'They can be had back by giving the DocType such a field again; to drop them for ever, repeat with --yes.',
      )
  },
})
