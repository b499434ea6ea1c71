import { readFileSync } from 'node:fs'
import type { Session } from '@annex/connector'
import { wrongs, type App, type Wrong } from './app.ts'

/** What every answer of this app says besides: nobody keeps it or frames it, and only the app's own files run in it. */
export const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const page = (body: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>{{name}}</title>
  <link rel="stylesheet" href="/style.css">
  <main><h1>{{name}}</h1>${body}</main>
  <script type="module" src="/link-field.js"></script>
</html>`

/** What a browser sees at `/`: its person's notes, or the way to sign in. */
export function homePage({ connector, notes }: App, session: Session | undefined, wrong?: Wrong): string {
  if (session === undefined)
    return page(`<p><a class="button" href="${escape(connector.signInUrl())}">Sign in with your account at the site</a></p>`)
  const items = notes.list(session).map(({ label, text }) => `<li><b>${escape(label)}</b> ${escape(text)}</li>`)
  return page(`
    <form class="who" method="post" action="${escape(connector.signOutUrl)}">${escape(session.user.name)} <button>Sign out</button></form>
    ${wrong === undefined ? '' : `<p role="alert">${wrongs[wrong]}</p>`}
    <form method="post" action="/notes">
      <label>Customer <input name="customer" list="customers" data-link="Customer" required autocomplete="off"></label>
      <datalist id="customers"></datalist>
      <p role="status" id="customers-status"></p>
      <label>Note <textarea name="text" required maxlength="1000"></textarea></label>
      <button>Keep</button>
    </form>
    <ul>${items.join('')}</ul>`)
}

const file = (name: string): string => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8')

/** The files that pages load, by path: type and text. */
export const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
  '/link-field.js': ['text/javascript; charset=utf-8', file('link-field.js')],
  '/style.css': ['text/css; charset=utf-8', file('style.css')],
}
