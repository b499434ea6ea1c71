import type { Right } from '@annex/protocol'
import type { TokenRights } from './principal.ts'

/**
 * What decides who may do what, what holds secrets, and what keeps the values of all documents: an app that was given
 * `all` does not get these.
 */
const FENCED: ReadonlySet<string> = new Set([
  'User',
  'Role',
  'Role Profile',
  'Has Role',
  'User Permission',
  'DocShare',
  'DocType',
  'DocField',
  'DocPerm',
  'Custom DocPerm',
  'Custom Field',
  'Property Setter',
  'System Settings',
  'Server Script',
  'Client Script',
  'API Key',
  'Connected App',
  'Token Cache',
  'Social Login Key',
  'Version',
  'Deleted Document',
])

/**
 * DocTypes whose documents are about others, fenced ones too: through `all` an app gets those that its user made. What is
 * attached to a document, and said of it, is read with that document.
 */
const OWN_ONLY: ReadonlySet<string> = new Set(['File', 'Comment'])

/** Whether `all` and `*` scopes stop before this DocType, unless a System Manager lifted the fence for the client. */
export const isFenced = (doctype: string): boolean => FENCED.has(doctype) || doctype.startsWith('OAuth ')

/** To share is to give access that outlives the app's own, so `all` and `*` scopes do not open it on any DocType. */
export const isFencedRight = (right: Right): boolean => right === 'share'

/** Whether a token reaches only its user's own documents of the DocType: it was opened by `all` and not by name. */
export const isFencedToOwn = (token: TokenRights | undefined, doctype: string): boolean =>
  token !== undefined && !token.unfenced && OWN_ONLY.has(doctype) && !token.scopes.names(doctype, 'read')
