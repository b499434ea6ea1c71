import { hiddenFields, html, plain, shownName, type Html, type Part } from './html.ts'
import { paths } from './paths.ts'
import { styles } from './styles.ts'
import { texts } from './texts.ts'

/** Who looks at a page. */
export interface Person {
  readonly fullName: string
  /** The CSRF token of their session, for the forms. */
  readonly csrf: string
  readonly systemManager: boolean
}

export interface LayoutOptions {
  readonly title: string
  /** Absent on pages for everybody: there is then no navigation. */
  readonly person?: Person | undefined
  readonly narrow?: boolean
  readonly main: Part
}

/** A whole page around its main part. */
export function layout({ title, person, narrow, main }: LayoutOptions): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<link rel="icon" href="data:," />
<title>${plain(title)} · ${texts.site}</title>
${styles}
</head>
<body>
<header><a class="brand" href="${paths.home}">${texts.site}</a>${person && navigation(person)}</header>
<main${narrow === true && html` class="narrow"`}>
<h1>${plain(title)}</h1>
${main}
</main>
</body>
</html>
`
  return page.toString()
}

const navigation = (person: Person): Html =>
  html` <nav aria-label="${texts.navigation}">
      <a href="${paths.myApps}">${texts.myApps.title}</a
      >${person.systemManager && html`<a href="${paths.connectedApps}">${texts.connectedApps.title}</a>`}
    </nav>
    <form method="post" action="${paths.signOut}">
      ${hiddenFields({ csrf_token: person.csrf })}${shownName(person.fullName)} · <button class="quiet">${texts.signOut}</button>
    </form>`

export const alertBox = (sentence: string | undefined): Html | undefined =>
  sentence === undefined ? undefined : html`<p class="alert" role="alert">${sentence}</p>`
export const noticeBox = (sentence: string | undefined): Html | undefined =>
  sentence === undefined ? undefined : html`<p class="notice" role="status">${sentence}</p>`
