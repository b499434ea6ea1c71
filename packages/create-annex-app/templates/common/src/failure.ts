import { problemOf } from '@annex/connector'

/** How a page answers what went wrong. */
export interface Failure {
  readonly status: 303 | 403 | 500 | 503
  readonly headers: Readonly<Record<string, string>>
  /** One sentence for the person. */
  readonly text: string
}

const plain = { 'content-type': 'text/plain; charset=utf-8' }

/** Whose access has ended, or lacks a right, is sent to the site, which asks them; of the rest the person reads what it is. A fault of the app is logged. */
export function failureOf(error: unknown): Failure {
  const problem = problemOf(error)
  if (problem === undefined) {
    console.error(error)
    return { status: 500, headers: plain, text: 'Something went wrong here.' }
  }
  const { code, message, url } = problem
  if (url !== undefined) return { status: 303, headers: { ...plain, location: url }, text: message }
  return { status: code === 'permission_denied' || code === 'scope_missing' ? 403 : 503, headers: plain, text: message }
}
