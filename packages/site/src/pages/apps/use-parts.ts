import { html, shownName, type Html } from '../html.ts'
import { appTexts } from './app-texts.ts'

export interface DayUse {
  /** `YYYY-MM-DD`. */
  readonly day: string
  readonly calls: number
  readonly refused: number
}

/** A number beside what it counts, in words. */
export interface CountedWords {
  readonly words: string
  readonly count: number
}

/** What an app did; times are shown as they are. */
export interface UseView {
  readonly firstUsed?: string | undefined
  readonly lastUsed?: string | undefined
  readonly calls: number
  readonly days: readonly DayUse[]
  readonly rights: readonly CountedWords[]
  readonly refusals: readonly (CountedWords & { readonly reason: string })[]
  readonly details: readonly (CountedWords & { readonly day: string })[]
}

const t = appTexts.use
const WIDTH = 300
const HEIGHT = 80

/** What is shown, of which days, and what the chart says in words. */
type UseTexts = Readonly<Record<'title' | 'window' | 'chart', string>>

/** First and last use, a chart with its table, the rights that were used and what was refused. */
export const useCard = (view: UseView, texts: UseTexts = t): Html =>
  html`<section class="card">
    <h2>${texts.title}</h2>
    <p class="soft">${texts.window}</p>
    <dl>
      <dt>${t.first}</dt>
      <dd>${view.firstUsed ?? t.never2}</dd>
      <dt>${t.last}</dt>
      <dd>${view.lastUsed ?? t.never2}</dd>
      <dt>${t.calls}</dt>
      <dd>${view.calls}</dd>
    </dl>
    ${view.days.some(isUsed) ? [chart(view.days, texts.chart), dayTable(view.days, texts.chart)] : html`<p>${t.never}</p>`}
    ${
      view.rights.length > 0 &&
      table(
        t.rights,
        [t.what, t.count],
        view.rights.map(({ words, count }) => [words, count]),
      )
    }
    ${
      view.refusals.length > 0 &&
      table(
        t.refusals,
        [t.what, t.reason, t.count],
        view.refusals.map(({ words, reason, count }) => [words, reason, count]),
      )
    }
    ${view.details.length > 0 && details(view.details)}
  </section>`

const isUsed = ({ calls, refused }: DayUse): boolean => calls > 0 || refused > 0

/** Bars without a script; what they say stands in the table after them. */
function chart(days: readonly DayUse[], label: string): Html {
  const most = Math.max(1, ...days.map(({ calls, refused }) => Math.max(calls, refused)))
  const step = WIDTH / days.length
  const bar = (kind: 'ok' | 'no', index: number, count: number): Html | false => {
    const height = Math.max(2, Math.round((count / most) * HEIGHT))
    const [x, width] = kind === 'ok' ? [index * step, step * 0.8] : [index * step + step * 0.45, step * 0.35]
    return (
      count > 0 && html`<rect class="${kind}" x="${x.toFixed(1)}" y="${HEIGHT - height}" width="${width.toFixed(1)}" height="${height}" />`
    )
  }
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
    ${days.map(({ calls, refused }, index) => [bar('ok', index, calls), bar('no', index, refused)])}
  </svg>`
}

const dayTable = (days: readonly DayUse[], caption: string): Html =>
  table(
    caption,
    [t.day, t.calls, t.refused],
    days
      .filter(isUsed)
      .toReversed()
      .map(({ day, calls, refused }) => [day, calls, refused]),
  )

/** A table that scrolls by itself where it is wider than the page. */
const table = (caption: string, heads: readonly string[], rows: readonly (readonly (string | number)[])[]): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${typeof cell === 'number' ? cell : shownName(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`

const details = (rows: UseView['details']): Html =>
  html`<details>
    <summary>${t.byDay}</summary>
    ${table(
      t.byDay,
      [t.day, t.what, t.count],
      rows.map(({ day, words, count }) => [day, words, count]),
    )}
  </details>`
