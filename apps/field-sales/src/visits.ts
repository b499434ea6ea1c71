import {
  describeScope,
  FrappeError,
  OAuthError,
  ScopeMissing,
  SignInRequired,
  UpstreamUnavailable,
  type Connection,
  type Connector,
  type LinkItem,
  type Session,
} from '@annex/connector'
import type { Access, LinkFieldModel, ReportModel, VisitsModel } from './pages/visits-page.ts'
import type { Reports, VisitReport } from './reports-store.ts'

export const REQUIRED_SCOPES = ['openid', 'Item:read'] as const
export const OPTIONAL_SCOPES = ['Customer:read'] as const
export const LINK_FIELDS = { item: 'Item', customer: 'Customer' } as const
type LinkFieldName = keyof typeof LINK_FIELDS

const MAX_NOTE = 2000
const MAX_DOCNAME = 140

/** What a person has typed into the form. */
export interface Draft {
  readonly item: string
  readonly customer: string
  readonly note: string
}

export type DraftErrors = Partial<Record<keyof Draft, string>>

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
    this.#connection = connector.connection(session.connection)
  }

  /** Asks the primary site whether access still stands. */
  async access(): Promise<Access> {
    try {
      await this.#connection.check()
      return { state: 'good' }
    } catch (error) {
      if (error instanceof SignInRequired) return { state: 'ended' }
      if (error instanceof UpstreamUnavailable) return { state: 'unreachable' }
      if (error instanceof FrappeError || error instanceof OAuthError || error instanceof ScopeMissing)
        return { state: 'refused', message: error.message }
      throw error
    }
  }

  /** What is wrong with a draft; nothing, when it may be saved. */
  async judge(draft: Draft, access: Access): Promise<DraftErrors> {
    const [item, customer] = await Promise.all([
      this.#judgeLink('item', draft.item, access),
      this.#judgeLink('customer', draft.customer, access),
    ])
    const note =
      draft.note === ''
        ? 'Write a line about the visit.'
        : draft.note.length > MAX_NOTE
          ? `A note has at most ${MAX_NOTE} characters.`
          : undefined
    return {
      ...(draft.item === '' ? { item: 'Choose an item.' } : item && { item }),
      ...(customer && { customer }),
      ...(note !== undefined && { note }),
    }
  }

  insert({ item, customer, note }: Draft): void {
    const { subject, name } = this.#session.user
    this.#reports.insert({
      author: subject,
      authorName: name,
      item,
      customer: customer === '' ? null : customer,
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
      reports: await this.#shown(this.#reports.list(this.#session.user.subject)),
      signInUrl: this.#connector.signInUrl({ returnTo: '/' }),
      signOutUrl: this.#connector.signOutUrl,
    }
  }

  /** A docname counts when the person has seen it, or may see it now. */
  async #judgeLink(field: LinkFieldName, value: string, access: Access): Promise<string | undefined> {
    const doctype = LINK_FIELDS[field]
    if (value === '' || access.state === 'ended') return undefined
    if (value.length > MAX_DOCNAME) return `The name of a ${doctype} has at most ${MAX_DOCNAME} characters.`
    if ((await this.#connection.links.resolve(doctype, [value])).has(value)) return undefined
    try {
      const { items, source } = await this.#connection.links.search(doctype, { text: value, limit: 50 })
      if (items.some((item) => item.value === value)) return undefined
      return source === 'seen'
        ? `The primary site is unreachable, and you have not seen ${doctype} “${value}” before.`
        : `There is no ${doctype} “${value}” that you may see: choose one from the list.`
    } catch (error) {
      if (error instanceof ScopeMissing || error instanceof FrappeError || error instanceof UpstreamUnavailable) return error.message
      throw error
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
      value: draft[field],
      required: field === 'item',
      ...(error === undefined ? {} : { error }),
      ...(access.state === 'ended' || scopes.includes(scope) ? {} : { missing }),
    }
  }

  async #shown(list: readonly VisitReport[]): Promise<ReportModel[]> {
    const { links } = this.#connection
    const items = await links.resolve('Item', [...new Set(list.map((report) => report.item))])
    const customers = await links.resolve('Customer', [...new Set(list.flatMap((report) => report.customer ?? []))])
    return list.map((report) => ({
      ...report,
      itemLabel: wordsOf(items.get(report.item)),
      customerLabel: wordsOf(customers.get(report.customer ?? '')),
    }))
  }
}

/** What to show beside a docname. */
const wordsOf = (item: LinkItem | undefined): string =>
  item === undefined ? '' : item.label === item.value ? item.description : item.label
