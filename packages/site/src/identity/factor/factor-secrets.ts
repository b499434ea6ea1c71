import type { SealedTable } from '../../doctypes/tables/sealed-table-store.ts'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'

/** What is sealed for one user opens for no other. */
export const placeOf = (user: string): SecretPlace => ({ doctype: 'User', name: user, fieldname: 'second_factor' })

/** Where they stand, for whoever seals them anew. */
export const FACTOR_SECRETS: SealedTable = {
  kind: 'second factors',
  table: 'second_factor',
  key: ['user'],
  column: 'secret',
  placeOf: ({ user = '' }) => placeOf(user),
}
