/** What decides who may do what, and what holds secrets: an app that was given `all` does not get these. */
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
])

/** Whether `all` and `*` scopes stop before this DocType, unless a System Manager lifted the fence for the client. */
export const isFenced = (doctype: string): boolean => FENCED.has(doctype) || doctype.startsWith('OAuth ')
