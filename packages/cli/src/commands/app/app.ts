import { defineCommand } from 'citty'
import { appApprovals } from './approvals.ts'
import { appCreate } from './create.ts'
import { appAllowUser, appRefuseUser } from './decide.ts'
import { appEndSecret } from './end-secret.ts'
import { appList } from './list.ts'
import { appRetire } from './retire.ts'
import { appRotateSecret } from './rotate-secret.ts'
import { appSecrets } from './secrets.ts'
import { appSetState } from './set-state.ts'

/** The commands of Connected Apps. */
export const app = defineCommand({
  meta: { name: 'app', description: 'Connected Apps' },
  subCommands: {
    create: appCreate,
    list: appList,
    'set-state': appSetState,
    secrets: appSecrets,
    'rotate-secret': appRotateSecret,
    'end-secret': appEndSecret,
    approvals: appApprovals,
    'allow-user': appAllowUser,
    'refuse-user': appRefuseUser,
    retire: appRetire,
  },
})
