import { html, type Html } from './html.ts'
import { layout, signInLink } from './layout.ts'

/** How things stand between this person and the primary site. */
export type Access =
  | { readonly state: 'good' }
  | { readonly state: 'ended' }
  | { readonly state: 'unreachable' }
  | { readonly state: 'refused'; readonly message: string }

export interface LinkFieldModel {
  readonly name: string
  readonly label: string
  /** Where suggestions are asked for. */
  readonly source: string
  readonly value: string
  readonly required: boolean
  readonly error?: string
  /** The right that was not given, in words, and where to ask for it again. */
  readonly missing?: { readonly message: string; readonly askUrl: string }
}

export interface ReportModel {
  readonly item: string
  readonly itemLabel: string
  readonly customer: string | null
  readonly customerLabel: string
  readonly note: string
  readonly createdAt: number
}

export interface VisitsModel {
  readonly person: string
  readonly access: Access
  readonly item: LinkFieldModel
  readonly customer: LinkFieldModel
  readonly note: string
  readonly noteError?: string
  readonly saved: boolean
  readonly reports: readonly ReportModel[]
  readonly signInUrl: string
  readonly signOutUrl: string
}

/** The app itself: a form for the next report, and the reports so far. */
export const visitsPage = (model: VisitsModel): string =>
  layout({
    title: 'Visit reports',
    person: model.person,
    signOutUrl: model.signOutUrl,
    body: html`${banner(model)}
      ${model.saved && model.access.state !== 'ended' && html`<p class="banner good" role="status">The visit report is saved.</p>`}
      <div class="columns">${form(model)} ${reports(model.reports)}</div>`,
  })

function banner({ access, signInUrl }: VisitsModel): Html | false {
  if (access.state === 'ended')
    return html`<div class="banner bad" role="alert">
      <p>
        <strong>Access has ended.</strong> The primary site no longer lets Field Sales use your account. Your visit reports are still here.
      </p>
      ${signInLink(signInUrl)}
    </div>`
  if (access.state === 'unreachable')
    return html`<p class="banner warn" role="status">The primary site is unreachable: the fields show what was seen last.</p>`
  return access.state === 'refused' && html`<p class="banner bad" role="alert">The primary site refuses: ${access.message}</p>`
}

const form = (model: VisitsModel): Html =>
  html`<section class="card" aria-labelledby="new-visit">
    <h1 id="new-visit">New visit report</h1>
    <form method="post" action="/reports">
      <fieldset ${model.access.state === 'ended' ? html`disabled` : false}>
        <legend class="hidden">Visit report</legend>
        ${linkField(model.item)} ${linkField(model.customer)}
        <div class="field">
          <label for="note">Note</label>
          <textarea id="note" name="note" rows="4" maxlength="2000" required ${described('note', model.noteError)}>${model.note}</textarea>
          ${model.noteError !== undefined && html`<p class="error" id="note-error">${model.noteError}</p>`}
        </div>
        <button>Save visit report</button>
      </fieldset>
    </form>
  </section>`

/** An ARIA combobox; without its script it is a text field that takes a docname. */
function linkField({ name, label, source, value, required, error, missing }: LinkFieldModel): Html {
  if (missing !== undefined) return missingField(name, label, missing)
  return html`<div class="field">
    <label for="${name}">${label}${!required && html` <span class="hint">(optional)</span>`}</label>
    <div class="combobox">
      <input
        id="${name}"
        name="${name}"
        value="${value}"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded="false"
        aria-controls="${name}-list"
        aria-describedby="${name}-status${error !== undefined && ` ${name}-error`}"
        ${error !== undefined && html`aria-invalid="true"`}
        ${required && html`required`}
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        maxlength="140"
        placeholder="Type a code or a name"
        data-source="${source}"
      />
      <p class="hint" id="${name}-status" role="status"></p>
      <ul id="${name}-list" role="listbox" aria-label="${label}" hidden></ul>
    </div>
    ${error !== undefined && html`<p class="error" id="${name}-error">${error}</p>`}
  </div>`
}

const missingField = (name: string, label: string, missing: { readonly message: string; readonly askUrl: string }): Html =>
  html`<div class="field">
    <label for="${name}">${label} <span class="hint">(optional)</span></label>
    <input id="${name}" disabled aria-describedby="${name}-missing" />
    <p class="hint" id="${name}-missing">${missing.message} <a href="${missing.askUrl}">Ask for it again</a></p>
  </div>`

const described = (name: string, error: string | undefined): Html | false =>
  error !== undefined && html`aria-invalid="true" aria-describedby="${name}-error"`

const reports = (list: readonly ReportModel[]): Html =>
  html`<section class="card" aria-labelledby="reports">
    <h2 id="reports">Your visit reports</h2>
    ${
      list.length === 0
        ? html`<p class="hint">None yet. The first one you save appears here.</p>`
        : html`<ul class="reports">
            ${list.map(report)}
          </ul>`
    }
  </section>`

const report = ({ item, itemLabel, customer, customerLabel, note, createdAt }: ReportModel): Html =>
  html`<li>
    <p class="note">${note}</p>
    <p class="facts">
      <span class="tag">${item}</span> ${itemLabel} ${customer !== null && html`<span class="tag">${customer}</span> ${customerLabel}`}
      <time datetime="${new Date(createdAt).toISOString()}">${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>
    </p>
  </li>`
