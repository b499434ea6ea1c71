import { notPermitted } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'

/** @throws {FrappeError} `PermissionError` for others */
export function requireSystemManager(principal: Principal): void {
  if (!principal.roles.has('System Manager')) throw notPermitted('Only System Managers register apps; ask one of them')
}
