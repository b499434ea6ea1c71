import type { Right } from '../documents/fields.ts'

/** What a right is called: under the heading of a DocType, and in a sentence with one. */
interface RightWords {
  readonly alone: string
  /** `{doctype}` stands for the DocType. */
  readonly of: string
}

export interface ScopeTexts {
  readonly rights: Readonly<Record<Right, RightWords>>
  readonly identity: Readonly<Record<'openid' | 'profile' | 'email' | 'roles' | 'offline_access', string>>
  readonly all: string
  /** `{name}` stands for the function. */
  readonly method: string
  /** `{name}` stands for the set. */
  readonly set: string
  readonly everyDoctype: string
}

const english: ScopeTexts = {
  rights: {
    select: { alone: 'See names', of: 'See the names of {doctype}' },
    read: { alone: 'Read', of: 'Read {doctype}' },
    write: { alone: 'Change', of: 'Change {doctype}' },
    create: { alone: 'Create', of: 'Create {doctype}' },
    delete: { alone: 'Delete', of: 'Delete {doctype}' },
    submit: { alone: 'Submit', of: 'Submit {doctype}' },
    cancel: { alone: 'Cancel', of: 'Cancel {doctype}' },
    amend: { alone: 'Amend', of: 'Amend {doctype}' },
    print: { alone: 'Print', of: 'Print {doctype}' },
    email: { alone: 'Send by e-mail', of: 'Send {doctype} by e-mail' },
    report: { alone: 'Report', of: 'Report on {doctype}' },
    import: { alone: 'Import', of: 'Import {doctype}' },
    export: { alone: 'Export', of: 'Export {doctype}' },
    share: { alone: 'Share', of: 'Share {doctype}' },
  },
  identity: {
    openid: 'Know who you are',
    profile: 'See your name and picture',
    email: 'See your e-mail address',
    roles: 'See your roles',
    offline_access: 'Keep access while you are away',
  },
  all: 'Do everything that you may do, except manage users, permissions and apps',
  method: 'Call {name}',
  set: 'All that belongs to “{name}”',
  everyDoctype: 'every kind of document',
}

/** What scopes are called, by language: the one catalogue of these words. */
export const scopeTexts = { en: english } as const satisfies Readonly<Record<string, ScopeTexts>>

/** A language that texts for people are there in. */
export type Language = keyof typeof scopeTexts
