import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { showProgress } from '../show-progress.ts'

/** `annex backup --to FILE`: the site that the settings name, in one file, while it runs. */
export const backup = defineCommand({
  meta: { name: 'backup', description: 'Write the site into one file, while it runs' },
  args: {
    to: { type: 'string', required: true, description: 'The file; only its owner may read it' },
    force: { type: 'boolean', default: false, description: 'Replace a file of that name' },
  },
  async run({ args }) {
    const { backUpSite, readConfig } = await import('@annex/site')
    const [shown, file] = [showProgress(), resolve(args.to)]
    await backUpSite(readConfig(process.env), file, args.force, shown.report)
    print(`${file} holds the site: ${shown.total()}. The keys of the site are not in it; keep a copy of them elsewhere.`)
  },
})
