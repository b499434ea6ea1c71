import { html, plain, type Html, type Part } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

interface Field {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly required: boolean
  readonly readOnly: boolean
  readonly description: string
}

export interface ApiDocsView {
  readonly person: Person
  /** Names of the DocTypes that the person sees. */
  readonly doctypes: readonly string[]
  readonly methods: readonly { readonly name: string; readonly httpMethods: string }[]
  /** The one that is looked at; without one the page is a table of contents. */
  readonly shown?: {
    readonly name: string
    readonly description: string
    readonly operations: readonly { readonly method: string; readonly path: string; readonly summary: string }[]
    readonly fields: readonly Field[]
    readonly rows: readonly { readonly name: string; readonly fields: readonly Field[] }[]
  }
}

/** The API to read: what there is, or one DocType of it. */
export function apiDocsPage(view: ApiDocsView): string {
  const { shown } = view
  const title = shown ? shown.name : texts.apiDocs.title
  return layout({ title, person: view.person, main: shown ? doctypeParts(shown) : contents(view) })
}

const code = (text: string): Html => html`<code>${plain(text)}</code>`
const section = (title: Part, body: Part): Html =>
  html`<section class="card">
    <h2>${title}</h2>
    ${body}
  </section>`

const contents = ({ doctypes, methods }: ApiDocsView): Html =>
  html`<p class="soft">${texts.apiDocs.intro} <a href="${paths.openApi}">${paths.openApi}</a></p>
    ${section(
      texts.apiDocs.doctypes,
      html`<ul>
        ${doctypes.map((name) => html`<li><a href="${paths.apiDocs}?doctype=${encodeURIComponent(name)}">${plain(name)}</a></li>`)}
      </ul>`,
    )}
    ${section(
      texts.apiDocs.methods,
      html`<ul>
        ${methods.map(({ name, httpMethods }) => html`<li>${code(`/api/method/${name}`)} ${httpMethods}</li>`)}
      </ul>`,
    )}`

const doctypeParts = (shown: NonNullable<ApiDocsView['shown']>): Html =>
  html`<p><a href="${paths.apiDocs}">${texts.apiDocs.back}</a></p>
    ${shown.description !== '' && html`<p>${plain(shown.description)}</p>`}
    ${section(
      texts.apiDocs.operations,
      html`<ul>
        ${shown.operations.map(({ method, path, summary }) => html`<li>${code(`${method} ${path}`)} ${plain(summary)}</li>`)}
      </ul>`,
    )}
    ${section(texts.apiDocs.fields, fieldList(shown.fields))}
    ${shown.rows.map((row) => section(html`${texts.apiDocs.rows} ${plain(row.name)}`, fieldList(row.fields)))}
    <p><a href="${paths.openApi}?doctypes=${encodeURIComponent(shown.name)}">${texts.apiDocs.json}</a></p>`

const fieldList = (fields: readonly Field[]): Html => html`<dl>${fields.map(fieldParts)}</dl>`

function fieldParts({ name, label, type, required, readOnly, description }: Field): Html {
  const more = [plain(label), plain(type), required && texts.apiDocs.required, readOnly && texts.apiDocs.readOnly, plain(description)]
  return html`<dt>${code(name)}</dt>
    <dd>${more.filter((part) => part !== false && part !== '').join(' · ')}</dd>`
}
