import { defineCommand } from 'citty'
import type { ImportPlan, Principal, Site } from '@annex/site'
import { SEVERAL } from '../asked-command.ts'
import { readDefinitions } from '../definition-files.ts'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex doctype import FILE|FOLDER…`: says what changes, then changes it. */
export const doctypeImport = defineCommand({
  meta: { name: 'import', description: 'Make or change DocTypes as JSON files describe them, Frappe’s own too' },
  args: {
    path: { type: 'positional', required: true, valueHint: SEVERAL, description: 'Files, or folders in which all are looked through' },
    'dry-run': { type: 'boolean', default: false, description: 'Only say what would change' },
    force: { type: 'boolean', default: false, description: 'Also where fields go or become another type' },
    'links-as-data': { type: 'boolean', default: false, description: 'Keep links to DocTypes that are nowhere as text' },
  },
  run: ({ args }) =>
    withSite(async (site, administrator) => {
      const plan = await planOf(site, administrator, args._, args['links-as-data'])
      tell(plan)
      if (args['dry-run']) return print('Nothing was changed: this was a dry run.')
      const losses = plan.changes.flatMap(({ name, losses: lost }) => lost.map((loss) => `${name}: ${loss}`))
      if (losses.length > 0 && !args.force)
        throw new Error(`nothing was changed, because of ${losses.join('; ')}. Say --force if documents may lose these values`)
      await carryOut(site, administrator, plan)
      print(plan.steps.length === 0 ? 'Nothing to change.' : 'Done.')
    }),
})

async function planOf(site: Site, administrator: Principal, paths: readonly string[], linksAsData: boolean): Promise<ImportPlan> {
  const { planImport } = await import('@annex/site')
  const files = await readDefinitions(paths)
  const all = async (doctype: string): Promise<Set<string>> =>
    new Set((await site.backend.list(administrator, { doctype, limit: null })).map((row) => String(row['name'])))
  const [doctypes, roles] = [await all('DocType'), await all('Role')]
  const stored = new Map<string, Awaited<ReturnType<Site['backend']['read']>>>()
  for (const { name } of files)
    if (doctypes.has(name)) stored.set(name, await site.backend.read(administrator, { doctype: 'DocType', name }))
  return planImport(files, { stored, roles, linksAsData, isThere: (name) => doctypes.has(name) })
}

function tell({ changes, roles }: ImportPlan): void {
  for (const { name, isNew, lines, notes } of changes) {
    print(isNew ? `${name}: new` : lines.length > 0 ? `${name}: changes` : `${name}: as it is`)
    for (const line of lines) print(`  ${line}`)
    for (const note of notes) print(`  ! ${note}`)
  }
  for (const role of roles) print(`Role ${role}: new`)
}

/** Each DocType is a transaction; roles come first, so that permissions can name them. */
async function carryOut(site: Site, administrator: Principal, { roles, steps }: ImportPlan): Promise<void> {
  const { withRowNames } = await import('@annex/site')
  for (const role of roles) await site.backend.insert(administrator, 'Role', [{ role_name: role }])
  for (const { name, act, values } of steps) {
    if (act === 'insert') await site.backend.insert(administrator, 'DocType', [values])
    else {
      const stored = await site.backend.read(administrator, { doctype: 'DocType', name })
      await site.backend.update(administrator, { doctype: 'DocType', name, values: withRowNames(values, stored) })
    }
  }
}
