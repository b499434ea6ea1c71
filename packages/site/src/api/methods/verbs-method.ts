import type { FrappeError } from '@annex/protocol'
import type { HttpMethod, Method } from '../../backend/method.ts'

/** Of a function that writes. */
export const WRITING: readonly HttpMethod[] = ['POST', 'PUT']

/** A method for whoever has signed in that touches documents through verbs alone: a token needs the rights of those verbs. */
export const verbsMethod = (name: string, httpMethods: readonly HttpMethod[], handler: Method['handler']): Method => ({
  name,
  httpMethods,
  guest: false,
  rights: 'verbs',
  handler,
})

/** Of a method that does many things, each on its own: an app that may not begin is told which scope it lacks, as by any other call. */
export const isScopeRefusal = (error: FrappeError): boolean => error.options.headers?.['www-authenticate'] !== undefined
