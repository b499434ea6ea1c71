import { afterAll, beforeAll, describe } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import type { ConnectorStore, TenantStore } from '../connector-store.ts'
import { connectionContract } from './connections.contract.ts'
import { docnameContract } from './docnames.contract.ts'
import { inboxContract } from './inbox.contract.ts'
import { leaseContract } from './leases.contract.ts'
import { registrationContract } from './registrations.contract.ts'
import { sessionContract } from './sessions.contract.ts'
import { tenantContract } from './tenants.contract.ts'

/** What every home of a connector must do. `open` gives an empty or a shared store: the suite works in a tenant of its own. */
export function connectorStoreContract(home: string, open: () => Promise<ConnectorStore>): void {
  describe(`a connector's store in ${home}`, () => {
    let store: ConnectorStore
    let tenant: TenantStore
    beforeAll(async () => {
      store = await open()
      tenant = store.of(`tenant-${randomToken()}`)
    })
    afterAll(() => store.close?.())

    connectionContract(() => tenant.connections)
    leaseContract(() => tenant.leases)
    sessionContract(() => tenant.sessions)
    docnameContract(() => tenant.docnames)
    inboxContract(() => store)
    registrationContract(() => tenant.registrations)
    tenantContract(() => store)
  })
}
