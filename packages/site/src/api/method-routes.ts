import type { Backend } from '../backend/backend.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { methodAnswer } from './method-answer.ts'

/** PATCH reaches the method too, which refuses it: 403, as in Frappe. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * `/api/method/<dotted name>`, and `cmd=<dotted name>` at other addresses: whitelisted functions. What follows the
 * name's slash is ignored, as in Frappe.
 */
export function methodRoutes(server: HttpServer<Principal>, backend: Backend): void {
  for (const base of ['/api/method', '/api/v1/method']) {
    for (const path of [`${base}/:method`, `${base}/:method/*`]) {
      const isFirst = path === '/api/method/:method'
      server.route(
        METHODS,
        path,
        async ({ caller, params, method, args, files }) => {
          const call = { method: params['method'] ?? '', httpMethod: method, args, files }
          return methodAnswer(await backend.call(caller, call), 'message', 1)
        },
        { takesCommands: 'anywhere', ...(isFirst ? { command: '*' } : {}) },
      )
    }
  }
}
