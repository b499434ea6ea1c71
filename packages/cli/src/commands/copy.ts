import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { showProgress } from '../show-progress.ts'

/** `annex copy --from URL --to URL`: a whole site from one database into another, empty one. */
export const copy = defineCommand({
  meta: { name: 'copy', description: 'Copy a site from one database into another, which must be empty' },
  args: {
    from: { type: 'string', required: true, description: 'sqlite:/path/site.db or postgres://user:password@host/database' },
    to: { type: 'string', required: true, description: 'The same; the site runs on it afterwards with DATABASE_URL' },
  },
  async run({ args }) {
    const { copySite } = await import('@annex/site')
    const shown = showProgress()
    await copySite(args.from, args.to, shown.report, () => print('The copy into this database was interrupted before; it begins anew.'))
    print(
      `Copied: ${shown.total()}. Every table was read again and is the same. The keys of the site are not in its database: give ANNEX_DATA or ANNEX_KEYS as before.`,
    )
  },
})
