import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { showProgress } from '../show-progress.ts'

/** `annex restore --from FILE`: the file's site in the place of the one that the settings name, which may be running. */
export const restore = defineCommand({
  meta: { name: 'restore', description: 'Put the site of a backup file in the place of this one; it may be running' },
  args: {
    from: { type: 'string', required: true, description: 'A file that annex backup has written' },
    yes: { type: 'boolean', default: false, description: 'Replace what the database holds' },
  },
  async run({ args }) {
    const { planRestore, readConfig, restoreSite } = await import('@annex/site')
    const [config, file] = [readConfig(process.env), resolve(args.from)]
    const { contents, held } = await planRestore(config, file)
    if (held && !args.yes)
      throw new Error(
        `the database holds ${held.rows} rows in ${held.tables} tables, and all of them would be replaced by the ${total(contents)} rows of ${file}; repeat with --yes`,
      )
    const shown = showProgress()
    await restoreSite(config, file, shown.report)
    print(`Restored: ${shown.total()}. Everybody has to sign in again, and every app to ask for access again.`)
  },
})

const total = (contents: ReadonlyMap<string, number>): number => [...contents.values()].reduce((sum, rows) => sum + rows, 0)
