import type { Database } from '@annex/database'
import { notFound } from '@annex/protocol'
import type { Audit } from '../../../audit/audit.ts'
import type { Principal } from '../../../policy/principal.ts'
import type { Grants } from '../../grants/grants.ts'
import { requireSystemManager } from '../require-system-manager.ts'
import { insertApproval, listApprovals, readApproval, updateApproval } from './approvals-store.ts'
import type { Applicant, ApprovalRow, ApprovalState } from './approvals-store.ts'

export interface ApprovalsParts {
  readonly database: Database
  readonly grants: Grants
  readonly audit: Audit
  readonly now: () => number
}

/** The queue of those who want to use an app whose policy is After Approval, and what System Managers decided. */
export class Approvals {
  readonly #parts: ApprovalsParts

  constructor(parts: ApprovalsParts) {
    this.#parts = parts
  }

  /** Where a user stands with an app; one who comes for the first time is put into the queue. */
  async ask(applicant: Applicant, ip: string): Promise<ApprovalState> {
    const { database, audit, now } = this.#parts
    const known = await readApproval(database.connection, applicant)
    if (known) return known.state
    await database.transaction(async (connection) => {
      if (!(await insertApproval(connection, applicant, now()))) return
      await audit.write(connection, { event: 'oauth.approval.asked', user: applicant.user, client: applicant.client, ip })
    })
    return 'Waiting'
  }

  /** Whether a System Manager let this user use the app. */
  async holds(applicant: Applicant): Promise<boolean> {
    return (await readApproval(this.#parts.database.connection, applicant))?.state === 'Approved'
  }

  /**
   * Those in a state, oldest first, a thousand at most; of one app when it is named.
   *
   * @throws {FrappeError} `PermissionError` for others than System Managers
   */
  async list(principal: Principal, { state = 'Waiting', client }: { state?: ApprovalState; client?: string } = {}): Promise<ApprovalRow[]> {
    requireSystemManager(principal)
    return listApprovals(this.#parts.database.connection, state, client)
  }

  /** @throws {FrappeError} `PermissionError` for others than System Managers, `DoesNotExistError` when the user never asked */
  approve(principal: Principal, client: string, user: string): Promise<void> {
    return this.#decide(principal, client, user, 'Approved')
  }

  /** As `approve`, to the contrary; what the app was allowed in the user's name before ends with it. Durable before it returns. */
  refuse(principal: Principal, client: string, user: string): Promise<void> {
    return this.#decide(principal, client, user, 'Refused')
  }

  async #decide(principal: Principal, client: string, user: string, state: 'Approved' | 'Refused'): Promise<void> {
    requireSystemManager(principal)
    const { database, grants, audit, now } = this.#parts
    const decision = { state, decided_by: principal.user, decided_at: now() }
    await database.transaction(
      async (connection) => {
        if (!(await updateApproval(connection, { client, user }, decision)))
          throw notFound('Approval of', `${client.slice(0, 140)} for ${user.slice(0, 140)}`)
        if (state === 'Refused') await grants.revokeWithin(connection, { user, client }, 'admin_refused')
        const event = state === 'Approved' ? 'oauth.approval.granted' : 'oauth.approval.refused'
        await audit.write(connection, { event, user: principal.user, client, detail: { of: user } })
      },
      { durable: true },
    )
  }
}
