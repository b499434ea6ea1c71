import { invalid } from '@annex/protocol'
import { formatDatetime } from '../../doctypes/values/timestamps.ts'
import type { Principal } from '../../policy/principal.ts'
import type { SocialIdentities } from './social-identities.ts'

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
}

export interface SocialMethodParts {
  readonly identities: Pick<SocialIdentities, 'listFor' | 'untieFor'>
  /** IANA name of the zone that times are shown in. */
  readonly zone: string
}

/**
 * The whitelisted methods about other sites that sign users in, in the shape that the site registers.
 *
 * @param late - what is put together after the methods
 */
export function socialMethods(late: () => SocialMethodParts) {
  return [
    {
      name: 'annex.users.identities',
      httpMethods: ['GET'],
      guest: false,
      rights: [{ doctype: 'User', right: 'read' }],
      handler: async ({ principal, args }: Call): Promise<unknown> => {
        const { identities, zone } = late()
        const listed = await identities.listFor(principal, textIn(args, 'user'))
        return listed.map(({ issuer, label, created }) => ({ issuer, label: label ?? null, created: formatDatetime(created, zone) }))
      },
    },
    {
      name: 'annex.users.untie',
      httpMethods: ['POST'],
      guest: false,
      rights: [{ doctype: 'User', right: 'write' }],
      handler: async ({ principal, args }: Call): Promise<unknown> => {
        await late().identities.untieFor(principal, textIn(args, 'user'), textIn(args, 'issuer'))
        return 'ok'
      },
    },
  ] as const
}

function textIn(args: Call['args'], name: string): string {
  const value = args[name]
  if (typeof value !== 'string' || value === '') throw invalid(`${name} is missing; send it`)
  return value
}
