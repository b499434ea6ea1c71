import type { Generation } from '@annex/database'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { listUnusedRegistrations } from './registrations-store.ts'
import { DAY } from '../storage/durations.ts'

const BATCH = 50
/** In one go; the rest follows in the next hour. */
const MOST = 1000

type Parts = Pick<OAuthParts, 'database' | 'documents' | 'settings' | 'now'> & { readonly generation: Generation }

/** Removes programs that registered themselves and that nobody has used for as many days as the settings say, each in a transaction of its own. */
export async function removeUnusedRegistrations({ database, documents, settings, generation, now }: Parts): Promise<number> {
  await generation.observe(await generation.read())
  const { unusedRegistrationDays: days } = await settings.read()
  if (days === 0) return 0
  const before = now() - days * DAY
  let removed = 0
  while (removed < MOST) {
    const names = await listUnusedRegistrations(database.connection, before, BATCH)
    for (const name of names) await documents.remove(ADMINISTRATOR, { doctype: 'OAuth Client', name })
    removed += names.length
    if (names.length < BATCH) return removed
  }
  return removed
}
