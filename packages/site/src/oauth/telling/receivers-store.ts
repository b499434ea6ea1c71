import { keptQuery, type Connection } from '@annex/database'
import type { Client } from '../clients/client.ts'
import { stateOf } from '../clients/clients-store.ts'

/** Where an app listens. */
export interface AppReceivers {
  readonly eventUri: string | undefined
  readonly backchannelLogoutUri: string | undefined
  readonly state: Client['state']
  readonly rs256: boolean
}

type Tables = {
  'tabOAuth Client': {
    name: string
    state: string | null
    enabled: number
    event_uri: string | null
    backchannel_logout_uri: string | null
    rs256_id_token: number
  }
}

/** Also of an app that is suspended or retired; undefined when there is none. */
export async function readReceivers(connection: Connection, client: string): Promise<AppReceivers | undefined> {
  const [row] = await receiversById(connection, { client })
  if (!row) return undefined
  return {
    eventUri: row.event_uri?.trim() || undefined,
    backchannelLogoutUri: row.backchannel_logout_uri?.trim() || undefined,
    state: stateOf(row.state, row.enabled),
    rs256: row.rs256_id_token === 1,
  }
}

// Primary key.
const receiversById = keptQuery<{ client: string }, Omit<Tables['tabOAuth Client'], 'name'>>((connection, { client }) =>
  connection
    .withTables<Tables>()
    .selectFrom('tabOAuth Client')
    .select(['state', 'enabled', 'event_uri', 'backchannel_logout_uri', 'rs256_id_token'])
    .where('name', '=', client),
)
