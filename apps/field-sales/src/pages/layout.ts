import { html, type Html } from './html.ts'

export interface LayoutModel {
  readonly title: string
  readonly person?: string
  readonly signOutUrl: string
  readonly body: Html
}

/** The frame of every page. */
export function layout({ title, person, signOutUrl, body }: LayoutModel): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Field Sales</title>
        <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/static/style.css" />
        <script src="/static/combobox.js" type="module"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/"><img src="/static/icon.svg" alt="" width="28" height="28" /> Field Sales</a>
          ${person !== undefined && signOut(person, signOutUrl)}
        </header>
        <main id="content" tabindex="-1">${body}</main>
      </body>
    </html>`
  return page.toString()
}

const signOut = (person: string, url: string): Html =>
  html`<form class="who" method="post" action="${new URL(url).pathname}">
    <span>Hello, <strong>${person}</strong></span>
    <button class="quiet">Sign out</button>
  </form>`

/** The one button by which a person comes in. */
export const signInLink = (url: string): Html => html`<a class="button" href="${url}">Sign in with the primary site</a>`
