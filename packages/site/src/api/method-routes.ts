import type { Backend } from '../backend/backend.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'

/** `/api/method/<dotted name>`: whitelisted functions. What follows the name's slash is ignored, as in Frappe. */
export function methodRoutes(server: HttpServer<Principal>, backend: Backend): void {
  for (const path of ['/api/method/:method', '/api/method/:method/*', '/api/v1/method/:method']) {
    server.route(['GET', 'POST', 'PUT', 'DELETE'], path, async (request) => {
      const call = { method: request.params['method'] ?? '', httpMethod: request.method, args: request.args }
      const message = await backend.call(request.caller, call)
      return { json: message === undefined || message === null ? {} : { message } }
    })
  }
}
