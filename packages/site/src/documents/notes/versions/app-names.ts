import type { Connection } from '@annex/database'
import type { Premises } from '../../premises.ts'

/** Microseconds. */
const KEPT_FOR = 60_000_000
const MOST_KEPT = 1000

/** How apps call themselves. An app's new name shows within a minute: a version costs no read for it. */
export class AppNames {
  readonly #kept = new Map<string, { readonly name: string; readonly until: number }>()

  async read(premises: Premises, connection: Connection, client: string): Promise<string> {
    const now = premises.clock.now()
    const kept = this.#kept.get(client)
    if (kept && kept.until > now) return kept.name
    const row = await premises.store.readRow(connection, premises.doctypes.require('OAuth Client'), client)
    const name = typeof row?.['app_name'] === 'string' && row['app_name'] !== '' ? row['app_name'] : client
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    this.#kept.set(client, { name, until: now + KEPT_FOR })
    return name
  }
}
