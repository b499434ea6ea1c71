import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { SEVERAL } from '../asked-command.ts'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex doctype export NAME… --to FOLDER`: one file a DocType, with its row types. */
export const doctypeExport = defineCommand({
  meta: { name: 'export', description: 'Write DocTypes, and their row types, as JSON files in Frappe’s form' },
  args: {
    name: { type: 'positional', required: true, valueHint: SEVERAL, description: 'Names of DocTypes' },
    to: { type: 'string', required: true, description: 'The folder that the files are written to' },
  },
  async run({ args }) {
    const { writeDocTypeFile } = await import('@annex/site')
    await withSite(async (site, administrator) => {
      const names = new Set(args._)
      await mkdir(args.to, { recursive: true })
      // A set goes on to what is added to it meanwhile: the row types of those before.
      for (const name of names) {
        const doctype = await site.backend.doctype(administrator, name)
        for (const { fieldtype, options } of doctype.fields) if (fieldtype.startsWith('Table')) names.add(options)
        const path = join(args.to, `${fileName(name)}.json`)
        await writeFile(path, writeDocTypeFile(await site.backend.read(administrator, { doctype: 'DocType', name })))
        print(`${name}  ${path}`)
      }
    })
  },
})

/** As Frappe names them: `sales_invoice`. */
const fileName = (name: string): string => name.toLowerCase().replaceAll(/[ -]/g, '_')
