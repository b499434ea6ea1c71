import { OAuthError } from '@annex/protocol'
import type { Answer } from '../../http/exchange.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

export interface AnswerFacts {
  readonly redirectUri: string
  readonly request: AuthorizationRequest
  readonly issuer: string
}

type Redirect = Answer & { readonly location: string }

/** Sends the code to the app: `code`, `state`, `iss` in that order (RFC 6749 section 4.1.2, RFC 9207). */
export const codeAnswer = (facts: AnswerFacts, code: string): Answer => redirect(facts, { code })

/** Tells the app what went wrong (RFC 6749 section 4.1.2.1). */
export const errorAnswer = (facts: AnswerFacts, error: OAuthError): Redirect =>
  redirect(facts, { error: error.code, error_description: error.message })

function redirect({ redirectUri, request, issuer }: AnswerFacts, parameters: Readonly<Record<string, string>>): Redirect {
  const state = request.get('state')
  const query = new URLSearchParams({ ...parameters, ...(state === undefined ? {} : { state }), iss: issuer })
  const separator = redirectUri.includes('?') ? (/[?&]$/.test(redirectUri) ? '' : '&') : '?'
  return { location: `${redirectUri}${separator}${query.toString()}`, page: '' }
}

/** The refusal of a request whose receiver is not proven: told to whoever asked, never sent on. */
export function refusalAnswer(error: OAuthError, wantsPage: boolean, errorPage: (status: number, message: string) => string): Answer {
  if (wantsPage)
    return {
      status: 400,
      page: errorPage(
        400,
        `${error.message.replace(/\.$/, '')}. Go back to the app and start again; if it happens again, tell the app's makers.`,
      ),
    }
  return { status: 400, json: { description: error.message, status_code: 400, error: error.code } }
}
