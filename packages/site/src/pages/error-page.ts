import { html } from './html.ts'
import { layout } from './layout.ts'
import { paths } from './paths.ts'
import { texts } from './texts.ts'

const titles: Readonly<Record<number, string>> = texts.error.titles

/** A refusal or a fault in words; `message` says what to do next. */
export function errorPage(status: number, message: string): string {
  const title = titles[status] ?? (status >= 500 ? texts.error.titles[500] : texts.error.other)
  return layout({
    title,
    narrow: true,
    main: html`<p>${message}</p>
      <p><a href="${paths.home}">${texts.notFoundHome}</a></p>`,
  })
}
