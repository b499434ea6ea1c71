import { parseFilters } from '@annex/protocol'
import type { Method } from '../../backend/method.ts'
import { parseFlag, requireText } from '../list-arguments.ts'

/** `frappe.client.*`: each speaks through verbs, so a token needs the right of the verb and no method scope. */
export const clientMethods: readonly Method[] = [
  {
    name: 'frappe.client.get_count',
    httpMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    guest: false,
    rights: 'verbs',
    handler: ({ principal, args, backend }) =>
      backend.count(principal, {
        doctype: requireText(args, 'doctype'),
        filters: parseFilters(args['filters']),
        distinct: parseFlag(args['distinct']),
      }),
  },
  { name: 'ping', httpMethods: ['GET', 'POST', 'PUT', 'DELETE'], guest: true, rights: 'open', handler: () => Promise.resolve('pong') },
  {
    name: 'frappe.ping',
    httpMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    guest: true,
    rights: 'open',
    handler: () => Promise.resolve('pong'),
  },
]
