import type { Generation } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { judgementController } from './user-controller.ts'

/** Those that every site has: without one of them nobody could give anybody rights. */
const STANDARD_ROLES: ReadonlySet<string> = new Set(['Administrator', 'System Manager', 'Desk User', 'All', 'Guest'])

/** What a Role does besides being stored: users are judged by it, and the standard ones stay. */
export function roleController(generation: Generation): Controller {
  return { ...judgementController(generation), beforeUpdate: refuseDisabled, beforeRemove: refuseStandard }
}

async function refuseDisabled(change: Change): Promise<void> {
  if (Number(change.document['disabled']) === 1) await refuseStandard(change)
}

async function refuseStandard({ document }: Change): Promise<void> {
  const name = String(document.name)
  if (STANDARD_ROLES.has(name))
    throw invalid(`${name} is a standard role, which can neither be disabled nor removed; take it from its users instead`)
}
