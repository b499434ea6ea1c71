import { invalid } from '@annex/protocol'
import { approvalsPage, type ApplicantView } from '../../pages/apps/approvals-page.ts'
import type { ApprovalState } from '../clients/approvals/approvals-store.ts'
import { APPROVALS, type Act } from './connected-app-paths.ts'
import { shownTime } from './page-parts.ts'

/** Who waits for a System Manager, over all apps, and about whom was decided. */
export const showApprovals: Act = async ({ caller }, person, { clients, zone }) => {
  const names = new Map((await clients.list(caller)).map(({ id, name }) => [id, name]))
  const those = async (state: ApprovalState): Promise<ApplicantView[]> =>
    (await clients.approvals.list(caller, { state })).map(({ client, user, created }) => ({
      client,
      appName: names.get(client) ?? client,
      user,
      asked: shownTime(created, zone),
    }))
  const lists = { waiting: await those('Waiting'), approved: await those('Approved'), refused: await those('Refused') }
  return { page: approvalsPage({ person, action: APPROVALS, ...lists }) }
}

export const decide: Act = async ({ caller, form }, _person, { clients }) => {
  const [client, user] = [form?.get('client') ?? '', form?.get('user') ?? '']
  const decision = form?.get('decision')
  if (decision !== 'approve' && decision !== 'refuse') throw invalid('Press Approve or Refuse')
  await clients.approvals[decision](caller, client, user)
  return { location: APPROVALS }
}
