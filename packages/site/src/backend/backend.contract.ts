import { childRowsContract } from './contract/child-rows.contract.ts'
import { fieldsContract } from './contract/fields.contract.ts'
import { insertContract } from './contract/insert.contract.ts'
import { listContract } from './contract/list.contract.ts'
import { listFiltersContract } from './contract/list-filters.contract.ts'
import { listReachContract } from './contract/list-reach.contract.ts'
import { permissionsContract } from './contract/permissions.contract.ts'
import { readContract } from './contract/read.contract.ts'
import { removeContract } from './contract/remove.contract.ts'
import { renameContract } from './contract/rename.contract.ts'
import { searchLinkContract } from './contract/search-link.contract.ts'
import { singleContract } from './contract/single.contract.ts'
import { updateContract } from './contract/update.contract.ts'
import type { World } from './contract/verbs.fixture.ts'

export type { World } from './contract/verbs.fixture.ts'

/** What every Backend promises, on a world of its own that `fillWorld` made. */
export function backendContract(name: string, make: () => Promise<World>): void {
  backendReadingContract(name, make)
  backendWritingContract(name, make)
}

/** The verbs `doctype`, `read`, `list`, `count` and `searchLink`. */
export function backendReadingContract(name: string, make: () => Promise<World>): void {
  readContract(name, make)
  listContract(name, make)
  listFiltersContract(name, make)
  listReachContract(name, make)
  searchLinkContract(name, make)
  permissionsContract(name, make)
}

/** The verbs `insert`, `update`, `setDocstatus`, `remove` and `rename`. */
function backendWritingContract(name: string, make: () => Promise<World>): void {
  insertContract(name, make)
  updateContract(name, make)
  removeContract(name, make)
  renameContract(name, make)
  childRowsContract(name, make)
  singleContract(name, make)
  fieldsContract(name, make)
}
