import { fromBase64Url, sha256 } from '../sealing/base64.ts'

/** The page's only script; its hash stands in the page's policy. */
const SCRIPT = `const { token, lifeMs, target } = document.body.dataset
if (opener) {
  opener.postMessage({ kind: 'annex-script-token', token, lifeMs: Number(lifeMs) }, target)
  close()
} else document.querySelector('p').textContent = 'You are signed in. Close this window and try again.'`

/**
 * The page that hands a token to the page that opened it, when that is one of the site's: the browser delivers the
 * message to no other origin. It cannot be framed, and no address and no cache ever holds the token.
 */
export async function scriptPage(token: string, lifeMs: number, siteOrigin: string): Promise<Response> {
  // A sealed text and an origin hold no character that could end an attribute.
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Signed in</title></head>
<body data-token="${token}" data-life-ms="${lifeMs}" data-target="${siteOrigin}"><main><p>You are signed in. This window closes by itself.</p></main>
<script>${SCRIPT}</script></body></html>`
  const hash = btoa(String.fromCharCode(...fromBase64Url(await sha256(SCRIPT))))
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    // The window has to know who opened it.
    'cross-origin-opener-policy': 'unsafe-none',
    'cross-origin-resource-policy': 'same-origin',
  }
  return new Response(page, { headers })
}
