import { parseArgs } from 'node:util'
import { register as registerAt } from '../core/setup/registration.ts'
import { openSettings, readSettings } from './config-file.ts'
import type { Command } from './print.ts'

/**
 * `annex-connector register [FILE] [--again]`: registers the app at its site and keeps what the site gives, sealed, where the
 * app finds it. Without a site that allows it, says who can and where.
 */
export const register: Command = async (words, print) => {
  const { positionals, values } = parseArgs({ args: [...words], allowPositionals: true, options: { again: { type: 'boolean' } } })
  const settings = await readSettings(positionals[0] ?? 'annex-connector.json')
  const { client, issuer } = settings.site
  if ('id' in client)
    throw new Error(`the app is registered as ${client.id}: to have it register itself, set client.register instead of client.id`)
  if (settings.store === undefined || settings.keys === undefined)
    throw new Error('set store (the URL of the database of the app) and keys (its key file): what the site gives is kept there, sealed')
  const { parts, close } = await openSettings(settings)
  try {
    if (values.again === true) await parts.store.registrations.remove(issuer, client.redirectUri)
    const { id } = await registerAt(client, parts)
    print(`registered at ${issuer} as ${id}; its secret is kept in the store, sealed; an app that runs takes it up when it starts anew`)
    return 0
  } finally {
    await close()
  }
}
