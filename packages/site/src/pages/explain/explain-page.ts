import { hiddenFields, html, shownName, type Html } from '../html.ts'
import { alertBox, layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { explainTexts as t } from './explain-texts.ts'

/** What the form holds; the names are those of the posted fields. */
export interface ExplainValues {
  readonly incident: string
  readonly client: string
  readonly right: string
  readonly doctype: string
  readonly name: string
}

export interface ShownFinding {
  readonly check: string
  readonly outcome: 'holds' | 'refuses' | 'limits'
  readonly sentence: string
  readonly remedy?: string | undefined
}

export interface ShownExplanation {
  readonly allowed: boolean
  readonly findings: readonly ShownFinding[]
}

/** A refusal as it was remembered; shown as it is. */
export interface ShownIncident {
  readonly incident: string
  readonly facts: readonly (readonly [label: string, value: string])[]
}

export interface ExplainView {
  readonly person: Person
  readonly values: ExplainValues
  /** The person's own apps. */
  readonly apps: readonly { readonly id: string; readonly name: string }[]
  readonly rights: readonly string[]
  /** Why there is no answer. */
  readonly error?: string | undefined
  readonly incident?: ShownIncident | undefined
  readonly explanation?: ShownExplanation | undefined
}

/** Why an app was refused, and what would change it: by an incident, by a token, or for one of the person's own apps. */
export function explainPage(view: ExplainView): string {
  const main = html`<p class="soft">${t.intro}</p>
    ${alertBox(view.error)}${view.incident && incidentCard(view.incident)}${view.explanation && answerCard(view.explanation)}
    ${incidentForm(view)}${questionForm(view)}`
  return layout({ title: t.title, person: view.person, main })
}

const incidentCard = ({ incident, facts }: ShownIncident): Html =>
  html`<section class="card">
    <h2>${t.incident}</h2>
    <p><code>${incident}</code></p>
    <dl>
      ${facts.map(
        ([label, value]) =>
          html`<dt>${label}</dt>
            <dd>${shownName(value)}</dd>`,
      )}
    </dl>
  </section>`

const answerCard = ({ allowed, findings }: ShownExplanation): Html =>
  html`<section class="card">
    <h2>${allowed ? t.allowed : t.refused}</h2>
    <ul>
      ${findings.map(
        (finding) =>
          html`<li>
            <b>${t.outcomes[finding.outcome]}</b> (${finding.check}): ${shownName(finding.sentence)}
            ${finding.remedy !== undefined && html`<br /><span class="soft">${t.remedy}: ${shownName(finding.remedy)}</span>`}
          </li>`,
      )}
    </ul>
  </section>`

const incidentForm = ({ person, values }: ExplainView): Html =>
  html`<form class="card" method="post" action="${paths.explain}">
    ${hiddenFields({ csrf_token: person.csrf })}
    <label for="incident">${t.incident}</label>
    <p class="hint" id="incident-hint">${t.incidentHint}</p>
    <input
      type="text"
      id="incident"
      name="incident"
      value="${values.incident}"
      maxlength="60"
      autocomplete="off"
      required
      aria-describedby="incident-hint"
    />
    <div class="actions"><button class="main">${t.ask}</button></div>
  </form>`

const questionForm = ({ person, values, apps, rights }: ExplainView): Html =>
  html`<form class="card" method="post" action="${paths.explain}">
    ${hiddenFields({ csrf_token: person.csrf })}
    <label for="client">${t.client}</label>
    <select id="client" name="client">
      <option value="">${t.byToken}</option>
      ${apps.map(({ id, name }) => html`<option value="${id}" ${id === values.client && html` selected`}>${name}</option>`)}
    </select>
    <label for="token">${t.token}</label>
    <p class="hint" id="token-hint">${t.tokenHint}</p>
    <input type="password" id="token" name="token" value="" maxlength="140" autocomplete="off" aria-describedby="token-hint" />
    <label for="right">${t.right}</label>
    <select id="right" name="right">
      ${rights.map((right) => html`<option value="${right}" ${right === values.right && html` selected`}>${right}</option>`)}
    </select>
    <label for="doctype">${t.doctype}</label>
    <input type="text" id="doctype" name="doctype" value="${values.doctype}" maxlength="140" required />
    <label for="name">${t.name}</label>
    <p class="hint" id="name-hint">${t.nameHint}</p>
    <input type="text" id="name" name="name" value="${values.name}" maxlength="140" aria-describedby="name-hint" />
    <div class="actions"><button class="main">${t.ask}</button></div>
  </form>`
