import type { CountRequest, ListRequest, Row } from '../../backend/backend.ts'
import type { Principal } from '../../policy/principal.ts'
import { roleRights } from '../../policy/role-rights.ts'
import { steadyLimits } from '../limits/reached.ts'
import { requireDocType } from '../permit.ts'
import type { Premises } from '../premises.ts'
import type { ListQuery } from '../query/plans/list-plans.ts'
import { countQuery, listQuery } from '../query/query.ts'
import { listSetting } from './list-setting.ts'
import { countVirtual, listVirtual } from './virtual.ts'

export async function listDocuments(premises: Premises, principal: Principal, request: ListRequest): Promise<Row[]> {
  const doctype = requireDocType(premises, principal, request.doctype, 'read')
  if (doctype.virtual) return listVirtual(premises, principal, doctype, request)
  const build = (): { query: ListQuery; joined: boolean } => {
    const { sources, held } = listSetting(premises, principal, doctype, request.parent)
    const query = listQuery(premises, sources, request, held)
    return { query, joined: sources.joined }
  }
  const { connection } = premises.database
  const limits = steadyLimits(premises, principal, doctype)
  const plain = limits && premises.listPlans.plain(principal, doctype, request, premises.zone, limits)
  const planned = plain && (await premises.listPlans.run(connection, roleRights(principal, doctype), plain, build))
  if (planned) return planned
  return premises.listPlans.runOnce(connection, doctype, build().query, request)
}

/** Counts what a list of the same filters would show; documents that the principal may not see are not among them. */
export async function countDocuments(premises: Premises, principal: Principal, request: CountRequest): Promise<number> {
  const doctype = requireDocType(premises, principal, request.doctype, 'read')
  if (doctype.virtual) return countVirtual(premises, principal, doctype, request)
  const { sources, held } = listSetting(premises, principal, doctype, request.parent)
  const { rows } = await countQuery(premises, sources, request, held).execute(premises.database.connection)
  return rows[0]?.count ?? 0
}
