import { defineCommand } from 'citty'
import { app } from './commands/app/app.ts'
import { auditErase } from './commands/audit/erase.ts'
import { auditExport } from './commands/audit/export.ts'
import { auditPrune } from './commands/audit/prune.ts'
import { auditVerify } from './commands/audit/verify.ts'
import { backup } from './commands/backup.ts'
import { copy } from './commands/copy.ts'
import { doctypeExport } from './commands/doctype-export.ts'
import { doctypeImport } from './commands/doctype-import.ts'
import { doctypePurge } from './commands/doctype-purge.ts'
import { doctor } from './commands/doctor.ts'
import { keysAddRsa } from './commands/keys/add-rsa.ts'
import { keysList } from './commands/keys/list.ts'
import { keysRemove } from './commands/keys/remove.ts'
import { keysReseal } from './commands/keys/reseal.ts'
import { keysRotateSecret } from './commands/keys/rotate-secret.ts'
import { keysRotate } from './commands/keys/rotate.ts'
import { explain } from './commands/explain.ts'
import { restore } from './commands/restore.ts'
import { types } from './commands/types.ts'
import { userCreate } from './commands/user-create.ts'
import { userResetFactor } from './commands/user-reset-factor.ts'
import { userResetLink } from './commands/user-reset-link.ts'

/** All commands; what each does stands in its own file. */
export const annex = defineCommand({
  meta: { name: 'annex', description: 'Work on a site from the command line' },
  subCommands: {
    app,
    user: defineCommand({
      meta: { name: 'user', description: 'Users' },
      subCommands: { create: userCreate, 'reset-link': userResetLink, 'reset-factor': userResetFactor },
    }),
    keys: defineCommand({
      meta: { name: 'keys', description: 'The keys of the site' },
      subCommands: {
        list: keysList,
        rotate: keysRotate,
        'add-rsa': keysAddRsa,
        'rotate-secret': keysRotateSecret,
        reseal: keysReseal,
        remove: keysRemove,
      },
    }),
    doctype: defineCommand({
      meta: { name: 'doctype', description: 'DocTypes as files' },
      subCommands: { export: doctypeExport, import: doctypeImport, purge: doctypePurge },
    }),
    audit: defineCommand({
      meta: { name: 'audit', description: 'The audit trail' },
      subCommands: { verify: auditVerify, export: auditExport, prune: auditPrune, erase: auditErase },
    }),
    explain,
    types,
    doctor,
    backup,
    restore,
    copy,
  },
})
