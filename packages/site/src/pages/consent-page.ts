import { IDENTITY_SCOPES, describeScope, readScope, type Right } from '@annex/protocol'
import { hiddenFields, html, shownName, type Html } from './html.ts'
import { alertBox, layout, type Person } from './layout.ts'
import { texts } from './texts.ts'

/** One requested scope, as the person is asked for it. */
export interface ConsentScope {
  readonly scope: string
  /** Listed without a box: it comes with Allow. Identity scopes always are. */
  readonly required: boolean
  /** Whether its box starts ticked. */
  readonly checked: boolean
}

export interface ConsentView {
  readonly person: Person
  /** Where the form is posted. */
  readonly action: string
  /** Further hidden fields (the one-time id of the request); `csrf_token` is added from the person. */
  readonly hidden: Readonly<Record<string, string>>
  readonly appName: string
  /** Host of the redirect URI, or its scheme for an app without one. */
  readonly redirectHost: string
  /** Who registered the app; absent when nobody of this site did. */
  readonly owner?: string | undefined
  /** In the order they are listed. */
  readonly scopes: readonly ConsentScope[]
  /** Said in red above the form (an unregistered or relaxed app). */
  readonly warning?: string | undefined
}

const GROUPLESS = ''

/**
 * Asks whether an app may have access. The form posts `decision` (`allow` or `deny`) and one `scope` field for each
 * scope that is required or ticked.
 */
export function consentPage(view: ConsentView): string {
  const identity = view.scopes.filter(({ scope }) => isIdentity(scope))
  const groups = Map.groupBy(
    view.scopes.filter(({ scope }) => !isIdentity(scope)),
    ({ scope }) => groupOf(scope),
  )
  const main = html`${alertBox(view.warning)}
    <form class="card" method="post" action="${view.action}">
      ${hiddenFields({ ...view.hidden, csrf_token: view.person.csrf })} ${introduction(view)} ${identityLine(identity)}
      ${view.scopes.some(hasBox) && html`<p>${texts.consent.choose}</p>`} ${[...groups].map(([title, scopes]) => group(title, scopes))}
      <p class="soft">${texts.consent.later}</p>
      <div class="actions">
        <button class="main" name="decision" value="allow">${texts.consent.allow}</button
        ><button name="decision" value="deny">${texts.consent.deny}</button>
      </div>
    </form>`
  return layout({ title: texts.consent.title, person: view.person, main })
}

const introduction = (view: ConsentView): Html =>
  html` <p>
      <strong>${shownName(view.appName)}</strong> (${shownName(view.redirectHost)}) ${texts.consent.asks},
      ${shownName(view.person.fullName)}.
    </p>
    <dl>
      <dt>${texts.consent.answersTo}</dt>
      <dd>${shownName(view.redirectHost)}</dd>
      ${
        view.owner !== undefined &&
        html`<dt>${texts.consent.ownedBy}</dt>
          <dd>${shownName(view.owner)}</dd>`
      }
    </dl>`

function identityLine(scopes: readonly ConsentScope[]): Html | false {
  if (scopes.length === 0) return false
  const words = scopes.map(({ scope }) => startingSmall(describeScope(scope))).join(', ')
  return html`<p>${texts.consent.identity} ${words}.${scopes.map(({ scope }) => hiddenFields({ scope }))}</p>`
}

function group(title: string, scopes: readonly ConsentScope[]): Html {
  return html`<fieldset>
    <legend>${title === GROUPLESS ? texts.consent.rights : shownName(title)}</legend>
    ${scopes.map(row)}
  </fieldset>`
}

function row({ scope, required, checked }: ConsentScope): Html {
  if (required)
    return html`<p class="box">
      <span class="tick"></span><span>${wordsOf(scope)} <span class="tag">${texts.consent.required}</span></span
      >${hiddenFields({ scope })}
    </p>`
  return html`<label class="box"
    ><input type="checkbox" name="scope" value="${scope}" ${checked && html` checked`} /> ${wordsOf(scope)}</label
  >`
}

const startingSmall = (words: string): string => words.charAt(0).toLowerCase() + words.slice(1)
const hasBox = ({ scope, required }: ConsentScope): boolean => !required && !isIdentity(scope)
const isIdentity = (scope: string): boolean => (IDENTITY_SCOPES as readonly string[]).includes(scope)

/** The heading that a scope stands under: its DocType. */
function groupOf(token: string): string {
  const scope = readScope(token)
  if (scope?.kind === 'document') return scope.doctype === '*' ? texts.consent.everyDoctype : scope.doctype
  return scope?.kind === 'method' ? texts.consent.methods : GROUPLESS
}

const RIGHTS: Readonly<Record<Right, string>> = texts.rights

function wordsOf(token: string): string {
  const scope = readScope(token)
  return scope?.kind === 'document' ? RIGHTS[scope.right] : describeScope(token)
}
