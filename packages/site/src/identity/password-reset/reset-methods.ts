import { invalid } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Principal } from '../../policy/principal.ts'
import type { ForgottenPasswords } from './forgotten-passwords.ts'
import type { PasswordResets } from './password-resets.ts'

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
}

export interface ResetMethodParts {
  readonly resets: PasswordResets
  readonly forgotten: ForgottenPasswords
  /** Knows the caller's address. */
  readonly audit: Pick<Audit, 'address'>
}

/**
 * The whitelisted methods about forgotten passwords, in the shape that the site registers.
 *
 * @param late - what is put together after the methods
 */
export function resetMethods(late: () => ResetMethodParts) {
  return [
    {
      name: 'annex.users.make_reset_link',
      httpMethods: ['POST'],
      guest: false,
      rights: [{ doctype: 'User', right: 'write' }],
      handler: async ({ principal, args }: Call): Promise<unknown> => ({ link: await late().resets.link(principal, userIn(args)) }),
    },
    {
      name: 'frappe.core.doctype.user.user.reset_password',
      httpMethods: ['POST'],
      guest: true,
      rights: 'open',
      handler: async ({ args }: Call): Promise<unknown> => {
        const { forgotten, audit } = late()
        await forgotten.ask(userIn(args), audit.address() ?? '')
        return 'If there is such a user, a link to a new password is on its way'
      },
    },
  ] as const
}

function userIn(args: Call['args']): string {
  const user = args['user']
  if (typeof user !== 'string' || user.trim() === '') throw invalid('user is missing; send the name of a User')
  return user
}
