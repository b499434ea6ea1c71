import { hiddenFields, html, shownName, type Html } from '../html.ts'
import type { Person } from '../layout.ts'
import { appTexts, filled } from './app-texts.ts'

export interface TokenView {
  /** Its name; it opens nothing. */
  readonly hash: string
  readonly kind: 'access' | 'refresh'
  /** The page on what was done with it; absent for one that no calls are made with. */
  readonly href?: string | undefined
  /** Times are shown as they are. */
  readonly issued: string
  readonly expires: string
  /** In words. */
  readonly rights: readonly string[]
  readonly firstUsed?: string | undefined
  readonly lastUsed?: string | undefined
}

/** A living grant, as it is shown. */
export interface GrantView {
  readonly id: string
  /** The page on what was done with it; absent on that page. */
  readonly href?: string | undefined
  /** Absent on the user's own page. */
  readonly user?: string | undefined
  /** The page on all of that user's connections. */
  readonly userHref?: string | undefined
  readonly kind?: 'service' | 'device' | undefined
  /** In words. */
  readonly rights: readonly string[]
  /** Which documents alone it reaches, in words, by DocType. */
  readonly limits: readonly { readonly doctype: string; readonly words: readonly string[] }[]
  readonly since: string
  readonly until: string
  readonly firstUsed?: string | undefined
  readonly lastUsed?: string | undefined
  /** Where it was used from, in words. */
  readonly networks: readonly string[]
  readonly tokens: readonly TokenView[]
}

/** Where the buttons post, with `grant` or `token` and `csrf_token`. */
export interface GrantActions {
  readonly endGrant: string
  readonly endToken: string
}

const t = appTexts.grant

/** One connection with its tokens, and the ways to end it. */
export const grantCard = (grant: GrantView, actions: GrantActions, person: Person): Html =>
  html`<section class="card">
    <h3>${t.of} ${whose(grant)}</h3>
    ${grant.kind && html`<p class="soft">${t.kinds[grant.kind]}</p>`}
    <p>${t.rights}:</p>
    <ul>
      ${grant.rights.map((words) => html`<li>${words}</li>`)}
    </ul>
    ${limitLines(grant.limits)}
    <dl>
      <dt>${t.since}</dt>
      <dd>${grant.since}</dd>
      <dt>${t.until}</dt>
      <dd>${grant.until}</dd>
      <dt>${appTexts.use.first}</dt>
      <dd>${grant.firstUsed ?? appTexts.use.never2}</dd>
      <dt>${appTexts.use.last}</dt>
      <dd>${grant.lastUsed ?? appTexts.use.never2}</dd>
      ${
        grant.networks.length > 0 &&
        html`<dt>${t.networks}</dt>
          <dd>${grant.networks.join(', ')}</dd>`
      }
    </dl>
    ${
      grant.href !== undefined &&
      html`<p>
        <a href="${grant.href}">${t.more}<span class="unseen"> (${nameOf(grant)})</span></a>
      </p>`
    }
    ${grant.tokens.length > 0 && tokenList(grant, actions, person)}
    <form method="post" action="${actions.endGrant}">
      ${hiddenFields({ grant: grant.id, csrf_token: person.csrf })}<button class="bad">
        ${t.end}<span class="unseen"> (${nameOf(grant)})</span>
      </button>
    </form>
  </section>`

const nameOf = ({ user, since }: GrantView): Html | string => (user === undefined ? since : shownName(user))

function whose({ user, userHref, since }: GrantView): Html | string {
  if (user === undefined) return since
  return userHref === undefined ? shownName(user) : html`<a href="${userHref}">${shownName(user)}</a>`
}

/** Which documents alone are reached, in words. */
export const limitLines = (limits: GrantView['limits']): readonly Html[] =>
  limits.map(({ doctype, words }) => html`<p>${filled(t.only, { doctype })} ${words.join(` ${t.and} `)}.</p>`)

const usedWords = ({ firstUsed = '', lastUsed }: TokenView): string =>
  lastUsed === undefined ? t.unused : filled(t.used, { first: firstUsed, last: lastUsed })

const tokenList = ({ tokens }: GrantView, { endToken }: GrantActions, person: Person): Html =>
  html`<details>
    <summary>${t.tokens} (${tokens.length})</summary>
    <ul>
      ${tokens.map(
        (token) =>
          html`<li>
            ${t.token[token.kind]} <code>${shownHash(token)}</code>: ${filled(t.issued, { time: token.issued })},
            ${filled(t.ends, { time: token.expires })}, ${usedWords(token)}. ${t.rights}: ${token.rights.join(', ')}
            ${
              token.href !== undefined &&
              html`<p>
                <a href="${token.href}">${t.more}<span class="unseen"> (${shownHash(token)})</span></a>
              </p>`
            }
            ${endTokenForm(token, endToken, person)}
          </li>`,
      )}
    </ul>
  </details>`

/** What a token is known by on pages. */
export const shownHash = ({ hash }: TokenView): string => hash.slice(0, 12)

export const endTokenForm = (token: TokenView, action: string, person: Person): Html =>
  html`<form method="post" action="${action}">
    ${hiddenFields({ token: token.hash, csrf_token: person.csrf })}<button>
      ${t.endToken}<span class="unseen"> ${shownHash(token)}</span>
    </button>
  </form>`
