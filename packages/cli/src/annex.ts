import { defineCommand } from 'citty'
import { appCreate } from './commands/app-create.ts'
import { appList } from './commands/app-list.ts'
import { appRetire } from './commands/app-retire.ts'
import { appRotateSecret } from './commands/app-rotate-secret.ts'
import { backup } from './commands/backup.ts'
import { copy } from './commands/copy.ts'
import { doctypeExport } from './commands/doctype-export.ts'
import { doctypeImport } from './commands/doctype-import.ts'
import { doctypePurge } from './commands/doctype-purge.ts'
import { doctor } from './commands/doctor.ts'
import { restore } from './commands/restore.ts'
import { types } from './commands/types.ts'
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
    doctype: defineCommand({
      meta: { name: 'doctype', description: 'DocTypes as files' },
      subCommands: { export: doctypeExport, import: doctypeImport, purge: doctypePurge },
    }),
    types,
    doctor,
    backup,
    restore,
    copy,
  },
})
