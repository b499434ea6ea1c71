import {
  describeScope,
  problemOf,
  SignInRequired,
  UpstreamUnavailable,
  type Connection,
  type Connector,
  type DocnameVerdict,
  type LinkItem,
  type Session,
} from '@annex/connector'
import { addressOf, LINK_FIELDS, readWords, wordsOf, type LinkFieldName } from './link-fields.ts'
import type { Access, LinkFieldModel, VisitsModel } from './pages/visits-page.ts'
import type { Reports, VisitReport } from './reports-store.ts'

const MAX_NOTE = 2000
const MAX_DOCNAME = 140

/** What a person has typed into the form. */
export interface Draft {
  readonly item: string
  readonly customer: string
  readonly note: string
}

export type DraftErrors = Partial<Record<keyof Draft, string>>

/** What is wrong with a draft; without any errors, what it names at the primary site. */
export interface Judged {
  readonly errors: DraftErrors
  readonly item: LinkItem | undefined
  readonly customer: LinkItem | undefined
}

interface Choice {
  readonly item?: LinkItem
  readonly error?: string
}

export const emptyDraft: Draft = { item: '', customer: '', note: '' }

export const readDraft = (form: URLSearchParams): Draft => ({
  item: (form.get('item') ?? '').trim(),
  customer: (form.get('customer') ?? '').trim(),
  note: (form.get('note') ?? '').trim(),
})

/** One person's visits: their reports, and how things stand with the primary site. */
export class Visits {
  readonly #connector: Connector
  readonly #reports: Reports
  readonly #session: Session
  readonly #connection: Connection

  constructor(connector: Connector, reports: Reports, session: Session) {
    this.#connector = connector
    this.#reports = reports
    this.#session = session
    this.#connection = connector.connection(session)
  }

  /** Asks the primary site whether access still stands. */
  async access(): Promise<Access> {
    try {
      await this.#connection.check()
      return { state: 'good' }
    } catch (error) {
      if (error instanceof SignInRequired) return { state: 'ended' }
      if (error instanceof UpstreamUnavailable) return { state: 'unreachable' }
      return { state: 'refused', message: sentenceOf(error) }
    }
  }

  async judge(draft: Draft): Promise<Judged> {
    const [item, customer] = await Promise.all([this.#judgeLink('item', draft.item), this.#judgeLink('customer', draft.customer)])
    const errors = {
      item: draft.item === '' ? 'Choose an item.' : item.error,
      customer: customer.error,
      note: judgeNote(draft.note),
    }
    const given = Object.entries(errors).filter(([, error]) => error !== undefined)
    return { errors: Object.fromEntries(given), item: item.item, customer: customer.item }
  }

  insert(note: string, item: LinkItem, customer: LinkItem | undefined): void {
    const { user } = this.#session
    this.#reports.insert(user, {
      authorName: user.name,
      item: item.value,
      itemLabel: wordsOf(item),
      customer: customer?.value ?? null,
      customerLabel: wordsOf(customer),
      note,
      createdAt: Date.now(),
    })
  }

  async page(access: Access, draft: Draft, errors: DraftErrors, saved: boolean): Promise<VisitsModel> {
    const scopes = await this.#connection.scopes()
    return {
      person: this.#session.user.name,
      access,
      item: this.#linkField('item', draft, errors, access, scopes),
      customer: this.#linkField('customer', draft, errors, access, scopes),
      note: draft.note,
      ...(errors.note === undefined ? {} : { noteError: errors.note }),
      saved,
      reports: await this.#labelled(this.#reports.list(this.#session.user)),
      signInUrl: this.#connector.signInUrl({ returnTo: '/' }),
      signOutUrl: this.#connector.signOutUrl,
    }
  }

  /** A docname counts when the person may see it now or, while nobody can tell, has seen it. */
  async #judgeLink(field: LinkFieldName, name: string): Promise<Choice> {
    const doctype = LINK_FIELDS[field]
    if (name === '') return {}
    if (name.length > MAX_DOCNAME) return { error: `The name of a ${doctype} has at most ${MAX_DOCNAME} characters.` }
    try {
      const [verdict] = await this.#connection.docnames.validate([{ doctype, name }])
      return await this.#choiceOf(verdict!, doctype, name)
    } catch (error) {
      return { error: sentenceOf(error) }
    }
  }

  async #choiceOf(verdict: DocnameVerdict, doctype: string, name: string): Promise<Choice> {
    switch (verdict.verdict) {
      case 'there':
        return { item: verdict.item }
      case 'renamed':
        return { item: (await this.#connection.links.resolve(doctype, [verdict.to])).get(verdict.to) ?? bare(verdict.to) }
      case 'unknown':
        return { error: `The primary site is unreachable, and you have not seen ${doctype} “${name}” before.` }
      default:
        return { error: `There is no ${doctype} “${name}” that you may see: choose one from the list.` }
    }
  }

  #linkField(field: LinkFieldName, draft: Draft, errors: DraftErrors, access: Access, scopes: readonly string[]): LinkFieldModel {
    const doctype = LINK_FIELDS[field]
    const scope = `${doctype}:read`
    const error = errors[field]
    const missing = {
      message: `Field Sales was not given the right “${describeScope(scope)}” (${scope}).`,
      askUrl: this.#connector.signInUrl({ returnTo: '/', scopes: [scope] }),
    }
    return {
      name: field,
      label: doctype,
      source: addressOf(field),
      value: draft[field],
      required: field === 'item',
      ...(error === undefined ? {} : { error }),
      ...(access.state === 'ended' || scopes.includes(scope) ? {} : { missing }),
    }
  }

  /** A report without words of its own gets those that the person has seen since. */
  async #labelled(reports: readonly VisitReport[]): Promise<VisitReport[]> {
    const items = reports.filter(({ itemLabel }) => itemLabel === '').map(({ item }) => item)
    const customers = reports.filter(({ customerLabel }) => customerLabel === '').flatMap(({ customer }) => customer ?? [])
    const [ofItems, ofCustomers] = await Promise.all([
      readWords(this.#connection, 'item', items),
      readWords(this.#connection, 'customer', customers),
    ])
    return reports.map((report) => ({
      ...report,
      itemLabel: report.itemLabel || (ofItems.get(report.item) ?? ''),
      customerLabel: report.customerLabel || (ofCustomers.get(report.customer ?? '') ?? ''),
    }))
  }
}

function judgeNote(note: string): string | undefined {
  if (note === '') return 'Write a line about the visit.'
  return note.length > MAX_NOTE ? `A note has at most ${MAX_NOTE} characters.` : undefined
}

const bare = (name: string): LinkItem => ({ value: name, label: name, description: '' })

/** What a person reads; throws what is a fault of this app. */
function sentenceOf(error: unknown): string {
  const problem = problemOf(error)
  if (problem === undefined) throw error
  return problem.message
}
