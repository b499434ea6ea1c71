import type { SealedTable } from '../../doctypes/tables/sealed-table-store.ts'

/** Where they stand, for whoever seals them anew. */
export const PASSWORD_VALUES: SealedTable = {
  kind: 'Password fields',
  table: 'sealed_value',
  key: ['doctype', 'name', 'fieldname'],
  column: 'sealed',
  placeOf: ({ doctype = '', name = '', fieldname = '' }) => ({ doctype, name, fieldname }),
}
