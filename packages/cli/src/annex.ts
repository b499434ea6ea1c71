import { defineCommand } from 'citty'
import { appCreate } from './commands/app-create.ts'
import { appList } from './commands/app-list.ts'
import { appRetire } from './commands/app-retire.ts'
import { appRotateSecret } from './commands/app-rotate-secret.ts'
import { doctor } from './commands/doctor.ts'
import { userCreate } from './commands/user-create.ts'

/** All commands; what each does stands in its own file. */
export const annex = defineCommand({
  meta: { name: 'annex', description: 'Work on a site from the command line' },
  subCommands: {
    app: defineCommand({
      meta: { name: 'app', description: 'Connected Apps' },
      subCommands: { create: appCreate, list: appList, 'rotate-secret': appRotateSecret, retire: appRetire },
    }),
    user: defineCommand({ meta: { name: 'user', description: 'Users' }, subCommands: { create: userCreate } }),
    doctor,
  },
})
