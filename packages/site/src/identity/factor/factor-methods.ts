import { invalid } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import type { SecondFactors } from './second-factors.ts'

interface Call {
  readonly principal: Principal
  readonly args: Readonly<Record<string, unknown>>
}

/**
 * The whitelisted method about second factors, in the shape that the site registers.
 *
 * @param late - what is put together after the methods
 */
export function factorMethods(late: () => SecondFactors) {
  return [
    {
      name: 'annex.users.reset_factor',
      httpMethods: ['POST'],
      guest: false,
      rights: [{ doctype: 'User', right: 'write' }],
      handler: async ({ principal, args }: Call): Promise<unknown> => {
        const user = args['user']
        if (typeof user !== 'string' || user === '') throw invalid('user is missing; send the name of a User')
        await late().reset(principal, user)
        return 'ok'
      },
    },
  ] as const
}
