import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { FrappeError } from '@annex/protocol'
import { isProtected } from '../core/setup/issuer.ts'
import type { Credentials } from '../core/upstream/credentials.ts'
import { UpstreamClient } from '../core/upstream/upstream-client.ts'
import type { Command } from './print.ts'
import { writeDocTypes, type DescribedDocType } from './written-doctypes.ts'

const USAGE = 'annex-connector types --from https://erp.example.com [--out FILE] Customer "Sales Invoice" (ANNEX_API_KEY holds key:secret)'

/**
 * `annex-connector types --from URL NAME…`: TypeScript of DocTypes as a site describes them, row types with them.
 *
 * The credentials are `--key key:secret` or `--token`, better ANNEX_API_KEY or ANNEX_TOKEN, which no shell remembers.
 */
export const types: Command = async (words, print) => {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { from: { type: 'string' }, key: { type: 'string' }, token: { type: 'string' }, out: { type: 'string' } },
  })
  if (positionals.length === 0) throw new Error(`name the DocTypes: ${USAGE}`)
  const client = new UpstreamClient({ url: siteOf(values.from), credentials: credentialsOf(values) })
  const text = writeDocTypes(await Promise.all(positionals.map((name) => describe(client, name))))
  if (values.out === undefined) print(text.trimEnd())
  else {
    await writeFile(values.out, text)
    print(`${positionals.join(', ')}  ${values.out}`)
  }
  return 0
}

function siteOf(from: string | undefined): string {
  if (from === undefined || !URL.canParse(from) || !isProtected(new URL(from)))
    throw new Error('--from must be the address of the site, with https: https://erp.example.com')
  return from
}

function credentialsOf(given: { readonly key?: string; readonly token?: string }): Credentials {
  const { key = given.token === undefined ? process.env['ANNEX_API_KEY'] : undefined, token = process.env['ANNEX_TOKEN'] } = given
  if (key !== undefined) return { apiKey: key }
  if (token === undefined) throw new Error('set ANNEX_API_KEY to key:secret of a user of the site, or give --key or --token')
  const url = 'the program that gave you the token'
  return { token: () => Promise.resolve(token), signInUrl: () => url }
}

async function describe(client: UpstreamClient, name: string): Promise<DescribedDocType> {
  try {
    return await client.doctype(name)
  } catch (error) {
    // A Frappe says of a DocType that is not there that its module cannot be imported, or that it is not found.
    if (error instanceof FrappeError && ['DoesNotExistError', 'ImportError', 'PermissionError'].includes(error.excType))
      throw new Error(`there is no DocType ${name} at the site, or you may not see it`, { cause: error })
    throw error
  }
}
