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
  return row && receiversOf(row)
}

/** As `readReceivers`, of any number of apps; those that are there, by their ids. */
export async function listReceivers(connection: Connection, clients: readonly string[]): Promise<ReadonlyMap<string, AppReceivers>> {
  // Primary key.
  const rows = await receivers(connection).where('name', 'in', clients).execute()
  return new Map(rows.map((row) => [row.name, receiversOf(row)]))
}

const receiversOf = (row: Tables['tabOAuth Client']): AppReceivers => ({
  eventUri: row.event_uri?.trim() || undefined,
  backchannelLogoutUri: row.backchannel_logout_uri?.trim() || undefined,
  state: stateOf(row.state, row.enabled),
  rs256: row.rs256_id_token === 1,
})

const receivers = (connection: Connection) =>
  connection
    .withTables<Tables>()
    .selectFrom('tabOAuth Client')
    .select(['name', 'state', 'enabled', 'event_uri', 'backchannel_logout_uri', 'rs256_id_token'])

// Primary key.
const receiversById = keptQuery<{ client: string }, Tables['tabOAuth Client']>((connection, { client }) =>
  receivers(connection).where('name', '=', client),
)
