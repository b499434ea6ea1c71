import { writeFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { SEVERAL } from '../asked-command.ts'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex types NAME…`: TypeScript interfaces, from the site's database or, with `--site`, over its API. */
export const types = defineCommand({
  meta: { name: 'types', description: 'Write TypeScript types of DocTypes' },
  args: {
    doctype: { type: 'positional', required: true, valueHint: SEVERAL, description: 'Names of DocTypes; their row types come along' },
    out: { type: 'string', description: 'The file to write; the standard output without it' },
    site: { type: 'string', description: 'The URL of an Annex site; ANNEX_KEY holds key:secret of the user to ask as' },
  },
  async run({ args }) {
    const text = args.site === undefined ? await fromDatabase(args._) : await fromSite(args.site, args._)
    if (args.out === undefined) process.stdout.write(text)
    else {
      await writeFile(args.out, text)
      print(`${args._.join(', ')}  ${args.out}`)
    }
  },
})

async function fromDatabase(names: readonly string[]): Promise<string> {
  const { typesFor } = await import('@annex/site')
  return withSite(async (site, administrator) => typesFor(administrator, names, (name) => site.rooms.doctypes.get(name)))
}

async function fromSite(site: string, names: readonly string[]): Promise<string> {
  const { writeTypes } = await import('@annex/site')
  const key = process.env['ANNEX_KEY']
  if (!URL.canParse(site)) throw new Error('--site must be a URL such as https://erp.example.com')
  if (key === undefined) throw new Error('set ANNEX_KEY to key:secret of a user, so that no shell remembers it')
  const url = new URL(`/api/openapi.json?doctypes=${encodeURIComponent(names.join(','))}`, site)
  const response = await fetch(url, { headers: { accept: 'application/json', authorization: `token ${key}` } })
  const body = (await response.json().catch(() => ({}))) as { components?: { schemas?: Record<string, unknown> }; exception?: string }
  if (response.ok && body.components?.schemas) return writeTypes(body.components.schemas, names)
  throw new Error(`${url.origin} answers ${response.status}: ${body.exception?.split(': ').at(-1) ?? 'it is no Annex site'}`)
}
