import { AppRefused, ConsentDenied, ScopeMissing, UpstreamUnavailable } from '../errors.ts'
import { isProtected } from '../setup/issuer.ts'

/** What went wrong with a sign-in, for an app that shows it in its own look. */
export interface SignInFailure {
  readonly error: Error
  readonly status: number
  /** One sentence for the person. */
  readonly message: string
  /** Begins the sign-in again. */
  readonly again: string
  /** The site's form for a new app, filled in, where the app cannot register itself: at the site alone, and safe to link. */
  readonly formUrl: string | undefined
}

/** Errors of our own are said in their words; of anything else the person learns only that it went wrong. */
export function describeFailure(error: Error, again: string, issuer: string): SignInFailure {
  const status = error instanceof UpstreamUnavailable ? 503 : error instanceof ConsentDenied || error instanceof ScopeMissing ? 403 : 400
  const formUrl = error instanceof AppRefused && isOfSite(error.formUrl, issuer) ? error.formUrl : undefined
  return { error, status, message: error.message, again, formUrl }
}

/** Whatever wrote the address: a link of ours leads nowhere but to the site, and runs nothing. */
function isOfSite(address: string | undefined, issuer: string): boolean {
  if (address === undefined || !URL.canParse(address)) return false
  const url = new URL(address)
  return isProtected(url) && url.origin === new URL(issuer).origin
}

/** A page of its own, without scripts, for apps that bring none. */
export function failurePage({ status, message, again, formUrl }: SignInFailure): Response {
  const form = formUrl === undefined ? '' : `<p><a href="${escapeHtml(formUrl)}">The form for this app at the site, filled in</a></p>`
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign-in</title></head>
<body><main><h1>The sign-in did not go through</h1><p>${escapeHtml(message)}</p>${form}<p><a href="${escapeHtml(again)}">Sign in with the primary site</a></p></main></body></html>`
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    // Its address may hold a code, which its links tell nobody.
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
  return new Response(page, { status, headers })
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!)
