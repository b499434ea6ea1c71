import type { FastifyRequest } from 'fastify'
import type { Authenticated, Exchange } from '../exchange.ts'
import type { ReadRequest } from '../read-request.ts'
import { checkText } from '../request-body.ts'

/** Arguments that are the transport's own and never a method's: jQuery's cache buster, and what 1.2 takes out. */
const TRANSPORT = new Set(['_', 'csrf_token', 'sid'])

const NO_FILES: Exchange<unknown>['files'] = new Map()

/** What a handler gets: the request as it was read, with who is calling. */
export function exchangeOf<C>(
  request: FastifyRequest,
  read: ReadRequest,
  known: Authenticated<C>,
  isForPage: boolean,
  command: string | undefined,
): Exchange<C> {
  const params = command === undefined ? (request.params as Readonly<Record<string, string>>) : { method: command }
  for (const name in params) checkText(params[name] ?? '')
  const { credentials, query, body } = read
  const { method, path, headers, cookies, ip } = credentials
  const args = argumentsMeant(credentials.args, command)
  const whole = {
    method,
    path,
    params,
    query,
    files: body.files ?? NO_FILES,
    args,
    headers,
    cookies,
    ip,
    caller: known.caller,
    wantsPage: isForPage,
  }
  if (body.form === undefined && body.json === undefined && known.csrf === undefined) return whole
  const { form, json } = body
  return {
    ...whole,
    ...(form === undefined ? {} : { form }),
    ...(json === undefined ? {} : { json }),
    ...(known.csrf === undefined ? {} : { csrf: known.csrf }),
  }
}

/** Without what is the transport's own. */
function argumentsMeant(args: Exchange<unknown>['args'], command: string | undefined): Exchange<unknown>['args'] {
  const isMeant = (name: string): boolean => !TRANSPORT.has(name) && (name !== 'cmd' || command === undefined)
  const names = Object.keys(args)
  return names.every(isMeant) ? args : Object.fromEntries(names.filter(isMeant).map((name) => [name, args[name]]))
}
