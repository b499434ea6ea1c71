import { defineCommand, type CommandDef } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

const args = {
  id: { type: 'positional', required: true, description: 'The app’s client ID' },
  user: { type: 'positional', required: true, description: 'Who asked to use it' },
} as const

/** `annex app allow-user ID USER`: the user may use an app that asks for approval. */
export const appAllowUser: CommandDef<typeof args> = defineCommand({
  meta: { name: 'allow-user', description: 'Let a user who asked use an app' },
  args,
  run: ({ args: { id, user } }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, id)
      await site.clients.approvals.approve(administrator, id, user)
      print(`${user} may use app ${id} now.`)
    }),
})

/** `annex app refuse-user ID USER`: the user may not, and what the app had in their name ends. */
export const appRefuseUser: CommandDef<typeof args> = defineCommand({
  meta: { name: 'refuse-user', description: 'Refuse a user an app; what it was given by them ends' },
  args,
  run: ({ args: { id, user } }) =>
    withSite(async (site, administrator) => {
      await requireApp(site, administrator, id)
      await site.clients.approvals.refuse(administrator, id, user)
      print(`${user} may not use app ${id}.`)
    }),
})
