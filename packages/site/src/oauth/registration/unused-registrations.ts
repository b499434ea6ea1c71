import type { Connection, Generation } from '@annex/database'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { listUnusedRegistrations } from './registrations-store.ts'
import { DAY } from '../storage/durations.ts'

const BATCH = 50
/** In one go; the rest follows in the next hour. */
const MOST = 1000

/** Programs that nobody has ever used, of all addresses together, for each that one address may register in an hour. */
const MOST_UNUSED = 500

/** Whether no more can register before some of those that nobody has ever used have gone. */
export async function isFull(connection: Connection, registrationsPerHour: number, now: number): Promise<boolean> {
  // Where nobody may register by now, those of before are looked at as well.
  const most = MOST_UNUSED * Math.max(registrationsPerHour, 1)
  return (await listUnusedRegistrations(connection, { before: now, since: 0 }, 1, most - 1)).length > 0
}

type Parts = Pick<OAuthParts, 'database' | 'documents' | 'settings' | 'now'> & { readonly generation: Generation }

/**
 * Removes programs that registered themselves and that nobody has used for as many days as the settings say, each in a transaction of
 * its own. When there is no room for others, those that nobody has ever used go after a day.
 */
export async function removeUnusedRegistrations({ database, documents, settings, generation, now }: Parts): Promise<number> {
  await generation.observe(await generation.read())
  const { unusedRegistrationDays: days, registrationsPerHour } = await settings.read()
  if (days === 0) return 0
  const full = await isFull(database.connection, registrationsPerHour, now())
  const over = full ? { before: now() - DAY, since: 0 } : { before: now() - days * DAY }
  let removed = 0
  while (removed < MOST) {
    const names = await listUnusedRegistrations(database.connection, over, BATCH)
    for (const name of names) await documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name })
    removed += names.length
    if (names.length < BATCH) return removed
  }
  return removed
}
