import { isCancel, password as askPassword } from '@clack/prompts'
import { defineCommand } from 'citty'
import { print } from '../print.ts'
import { withSite } from '../with-site.ts'

/** `annex user create EMAIL`: the password is asked for, or read from ANNEX_USER_PASSWORD, so that no shell remembers it. */
export const userCreate = defineCommand({
  meta: { name: 'create', description: 'Make a user; the password is asked for, or read from ANNEX_USER_PASSWORD' },
  args: {
    email: { type: 'positional', required: true, description: 'The e-mail address that the user signs in with' },
    'first-name': { type: 'string', required: true, description: 'How the user is greeted' },
    'last-name': { type: 'string', description: 'The rest of the name' },
    roles: { type: 'string', default: '', description: 'Roles apart by commas, such as "System Manager, Sales User"' },
  },
  async run({ args }) {
    const password = process.env['ANNEX_USER_PASSWORD'] ?? (await readPassword())
    const roles = args.roles.split(',').map((role) => role.trim())
    const values = { email: args.email, first_name: args['first-name'], last_name: args['last-name'] ?? null, new_password: password }
    await withSite((site, administrator) =>
      site.backend.insert(administrator, 'User', [{ ...values, roles: roles.filter((role) => role !== '').map((role) => ({ role })) }]),
    )
    print(`User ${args.email} can sign in now.`)
  },
})

async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) throw new Error('there is no terminal to ask for the password; set ANNEX_USER_PASSWORD')
  const answer = await askPassword({ message: 'Password of the new user' })
  if (isCancel(answer)) throw new Error('No user was made.')
  return answer
}
