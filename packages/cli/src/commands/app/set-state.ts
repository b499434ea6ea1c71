import { defineCommand } from 'citty'
import { requireApp } from '../../known-app.ts'
import { print } from '../../print.ts'
import { withSite } from '../../with-site.ts'

const STATES = { active: 'Active', suspended: 'Suspended' } as const

const isState = (word: string): word is keyof typeof STATES => Object.hasOwn(STATES, word)

/** `annex app set-state ID STATE`: approves an app that waits, lets one sleep, or wakes it. */
export const appSetState = defineCommand({
  meta: { name: 'set-state', description: 'Approve an app that waits, let one sleep, or wake it' },
  args: {
    id: { type: 'positional', required: true, description: 'The app’s client ID' },
    state: { type: 'positional', required: true, description: 'active or suspended; annex app retire ends an app for good' },
  },
  run: ({ args: { id, state } }) => {
    if (!isState(state)) throw new Error('STATE must be active or suspended; annex app retire ends an app for good')
    return withSite(async (site, administrator) => {
      await requireApp(site, administrator, id)
      await site.clients.setState(administrator, id, STATES[state])
      print(`App ${id} is ${state}.`)
    })
  },
})
