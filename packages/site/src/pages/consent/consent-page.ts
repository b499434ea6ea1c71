import { isIdentityScope, readScope, scopeWords } from '@annex/protocol'
import { filled } from '../apps/app-texts.ts'
import { otherLimits, rowsPart, type ConsentRows } from './rows-part.ts'
import { hiddenFields, html, plain, shownName, type Html } from '../html.ts'
import { alertBox, layout, type Person } from '../layout.ts'
import { texts } from '../texts.ts'

/** One requested scope, as the person is asked for it. */
export interface ConsentScope {
  readonly scope: string
  /** Listed without a box: it comes with Allow. Identity scopes always are. */
  readonly required: boolean
  /** Whether its box starts ticked. */
  readonly checked: boolean
  /** Of the set that it was asked for with, which it is then listed under. */
  readonly title?: string | undefined
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
  readonly homeHost?: string | undefined
  readonly contact?: string | undefined
  /** The app registered itself, and says of itself what it likes. */
  readonly unverified?: boolean
  /** Who registered the app; absent when nobody of this site did. */
  readonly owner?: string | undefined
  /** Of a device that waits elsewhere: the code that stands on its screen. */
  readonly deviceCode?: string | undefined
  /** In the order they are listed. */
  readonly scopes: readonly ConsentScope[]
  /** What comes with the rights without being one of them: an app of old reads documents by knowing who its user is. */
  readonly unsaid?: readonly string[]
  /** What the person allowed the app before, and is not asked about. */
  readonly known?: readonly string[]
  readonly rows?: ConsentRows
  readonly older?: ConsentOlder | undefined
  /** Why the person cannot allow it: the page then leads back to the app, and nowhere else. */
  readonly impossible?: string | undefined
  /** What is wrong with the form that was sent. */
  readonly error?: string | undefined
  /** Said in red above the form (an unregistered or relaxed app). */
  readonly warning?: string | undefined
}

/** The connections with the app that there are already, and the box that ends those of them that reach more. */
export interface ConsentOlder {
  readonly count: number
  /** Of the first of them; shown as it is. */
  readonly since: string
  /** Posted as `1` when the box is ticked. */
  readonly field: string
  /** Whether the box starts ticked. */
  readonly ends: boolean
}

/** Scopes that are listed under one heading: of a set, a DocType, or of neither. */
interface Group {
  readonly title: string
  /** Whose documents may be limited here. */
  readonly doctypes: readonly string[]
  readonly scopes: readonly ConsentScope[]
}

/**
 * Asks whether an app may have access. The form posts `decision` (`allow` or `deny`) and one `scope` field for each
 * scope that is required or ticked. Of what this person cannot allow at all it says why, and has no button to allow it.
 */
export function consentPage(view: ConsentView): string {
  const identity = view.scopes.filter(({ scope }) => isIdentityScope(scope))
  const groups = groupsOf(view.scopes.filter(({ scope }) => !isIdentityScope(scope)))
  const shown = new Set(groups.flatMap(({ doctypes }) => doctypes))
  const { impossible } = view
  const main = html`${alertBox(impossible && filled(texts.consent.impossible, { why: impossible.replace(/\.$/, '') }))}
    ${alertBox(view.error)} ${alertBox(view.warning)} ${alertBox(view.unverified === true ? texts.consent.unverified : undefined)}
    <form class="card" method="post" action="${view.action}">
      ${hiddenFields({ ...view.hidden, csrf_token: view.person.csrf })} ${introduction(view)} ${identityLine(identity)}
      ${scopeList(texts.consent.unsaid, view.unsaid ?? [])} ${scopeList(texts.consent.known, view.known ?? [])}
      ${impossible === undefined && view.scopes.some(hasBox) && html`<p>${texts.consent.choose}</p>`}
      ${groups.map((group) => groupPart(group, view.rows))} ${otherLimits(view.rows, shown)}
      ${impossible === undefined ? ways(view) : html`<div class="actions">${denyButton(texts.consent.goBack)}</div>`}
    </form>`
  return layout({ title: texts.consent.title, person: view.person, main })
}

const ways = ({ older }: ConsentView): Html =>
  html`${older && olderPart(older)}
    <p class="soft">${texts.consent.later}</p>
    <div class="actions">
      <button class="main" name="decision" value="allow">${texts.consent.allow}</button>${denyButton(texts.consent.deny)}
    </div>`

const denyButton = (words: string): Html => html`<button name="decision" value="deny">${words}</button>`

const olderPart = ({ count, since, field, ends }: ConsentOlder): Html =>
  html`<fieldset>
    <legend>${texts.consent.older}</legend>
    <p>${filled(texts.consent.olderCount, { count, since })}</p>
    <label class="box"><input type="checkbox" name="${field}" value="1" ${ends && html` checked`} /> ${texts.consent.endOlder}</label>
    <p class="hint">${texts.consent.endOlderHint}</p>
  </fieldset>`

const introduction = (view: ConsentView): Html =>
  html` <p>
      <strong>${shownName(view.appName)}</strong> (${shownName(view.redirectHost)}) ${texts.consent.asks},
      ${shownName(view.person.fullName)}.
    </p>
    ${view.deviceCode !== undefined && html`<p class="alert">${texts.device.beware}</p>`}
    <dl>
      ${
        view.deviceCode !== undefined &&
        html`<dt>${texts.device.onScreen}</dt>
          <dd><strong>${view.deviceCode}</strong></dd>`
      }
      <dt>${view.deviceCode === undefined ? texts.consent.answersTo : texts.device.home}</dt>
      <dd>${shownName(view.redirectHost)}</dd>
      ${fact(texts.consent.homePage, view.homeHost)} ${fact(texts.consent.contact, view.contact)} ${fact(texts.consent.ownedBy, view.owner)}
    </dl>`

const fact = (name: string, value: string | undefined): Html | false =>
  value !== undefined &&
  value !== '' &&
  html`<dt>${name}</dt>
    <dd>${shownName(value)}</dd>`

function identityLine(scopes: readonly ConsentScope[]): Html | false {
  if (scopes.length === 0) return false
  const words = scopes.map(({ scope }) => startingSmall(scopeWords(scope, texts.scopes))).join(', ')
  return html`<p>${texts.consent.identity} ${words}.${scopes.map(({ scope }) => hiddenFields({ scope }))}</p>`
}

function scopeList(words: string, scopes: readonly string[]): Html | false {
  if (scopes.length === 0) return false
  return html`<p>${words}</p>
    <ul>
      ${scopes.map((scope) => html`<li>${plain(scopeWords(scope, texts.scopes))}</li>`)}
    </ul>`
}

const groupPart = ({ title, doctypes, scopes }: Group, rows: ConsentRows | undefined): Html =>
  html`<fieldset>
    <legend>${shownName(title)}</legend>
    ${scopes.map(row)} ${doctypes.map((doctype) => rowsPart(rows, doctype))}
  </fieldset>`

function row(shown: ConsentScope): Html {
  const { scope, required, checked } = shown
  if (required)
    return html`<p class="box">
      <span class="tick"></span><span>${plain(wordsOf(shown))} <span class="tag">${texts.consent.required}</span></span
      >${hiddenFields({ scope })}
    </p>`
  return html`<label class="box"
    ><input type="checkbox" name="scope" value="${scope}" ${checked && html` checked`} /> ${plain(wordsOf(shown))}</label
  >`
}

const startingBig = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)
const startingSmall = (words: string): string => words.charAt(0).toLowerCase() + words.slice(1)
const hasBox = ({ scope, required }: ConsentScope): boolean => !required && !isIdentityScope(scope)

function groupsOf(scopes: readonly ConsentScope[]): Group[] {
  const titled = scopes.map((scope) => ({ scope, heading: headingOf(scope) }))
  // A set may be called as a DocType is.
  const groups = Map.groupBy(titled, ({ scope, heading }) => `${scope.title === undefined ? 'doctype' : 'set'} ${heading}`)
  const seen = new Set<string>()
  return [...groups.values()].map((group) => {
    const named = new Set(group.flatMap(({ scope }) => doctypeOf(scope.scope) ?? []))
    const doctypes = [...named].filter((doctype) => !seen.has(doctype))
    for (const doctype of doctypes) seen.add(doctype)
    return { title: group[0]?.heading ?? '', doctypes, scopes: group.map(({ scope }) => scope) }
  })
}

/** The heading that a scope stands under: its set, or its DocType. */
function headingOf({ scope: token, title }: ConsentScope): string {
  if (title !== undefined) return title
  const scope = readScope(token)
  if (scope?.kind === 'document') return scope.doctype === '*' ? startingBig(texts.scopes.everyDoctype) : scope.doctype
  return scope?.kind === 'method' ? texts.consent.methods : texts.consent.rights
}

function doctypeOf(token: string): string | undefined {
  const scope = readScope(token)
  return scope?.kind === 'document' && scope.doctype !== '*' ? scope.doctype : undefined
}

/** Under a DocType's heading the right alone; elsewhere the whole sentence. */
function wordsOf({ scope: token, title }: ConsentScope): string {
  const scope = readScope(token)
  return scope?.kind === 'document' && title === undefined ? texts.scopes.rights[scope.right].alone : scopeWords(token, texts.scopes)
}
