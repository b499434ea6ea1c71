import { hiddenFields, html, plain, type Html } from '../html.ts'
import type { Person } from '../layout.ts'
import { appTexts } from './app-texts.ts'

/** One piece of advice, in words. */
export interface AdviceView {
  readonly words: string
  /** The right that a button takes away, or puts a narrower one in the place of. */
  readonly fix?: { readonly scope: string; readonly narrows: boolean } | undefined
}

const t = appTexts.advice

/** What a System Manager should look at; nothing when there is nothing. */
export const adviceCard = (advice: readonly AdviceView[], action: string, person: Person): Html | false =>
  advice.length > 0 &&
  html`<section class="card">
    <h2>${t.title}</h2>
    <ul>
      ${advice.map(
        ({ words, fix }) =>
          html`<li>
            ${plain(words)}
            ${
              fix &&
              html`<form method="post" action="${action}">
                ${hiddenFields({ scope: fix.scope, csrf_token: person.csrf })}<button>
                  ${fix.narrows ? t.replace : t.takeAway}<span class="unseen"> ${fix.scope}</span>
                </button>
              </form>`
            }
          </li>`,
      )}
    </ul>
    ${advice.some(({ fix }) => fix !== undefined) && html`<p class="hint">${t.after}</p>`}
  </section>`
