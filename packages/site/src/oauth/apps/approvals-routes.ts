import { invalid } from '@annex/protocol'
import { approvalsPage } from '../../pages/apps/approvals-page.ts'
import { APPROVALS, type Act } from './connected-app-paths.ts'
import { shownTime } from './page-parts.ts'

/** Who waits for a System Manager, over all apps. */
export const showApprovals: Act = async ({ caller }, person, { clients, zone }) => {
  const names = new Map((await clients.list(caller)).map(({ id, name }) => [id, name]))
  const waiting = (await clients.approvals.list(caller)).map(({ client, user, created }) => ({
    client,
    appName: names.get(client) ?? client,
    user,
    asked: shownTime(created, zone),
  }))
  return { page: approvalsPage({ person, action: APPROVALS, waiting }) }
}

export const decide: Act = async ({ caller, form }, _person, { clients }) => {
  const [client, user] = [form?.get('client') ?? '', form?.get('user') ?? '']
  const decision = form?.get('decision')
  if (decision !== 'approve' && decision !== 'refuse') throw invalid('Press Approve or Refuse')
  await clients.approvals[decision](caller, client, user)
  return { location: APPROVALS }
}
