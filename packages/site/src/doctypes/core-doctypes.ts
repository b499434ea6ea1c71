import type { DocType, Values } from '@annex/protocol'
import docField from './core/docfield.json' with { type: 'json' }
import docPerm from './core/docperm.json' with { type: 'json' }
import docType from './core/doctype.json' with { type: 'json' }
import hasRole from './core/has-role.json' with { type: 'json' }
import oauthBearerToken from './core/oauth-bearer-token.json' with { type: 'json' }
import oauthClientRole from './core/oauth-client-role.json' with { type: 'json' }
import oauthClient from './core/oauth-client.json' with { type: 'json' }
import role from './core/role.json' with { type: 'json' }
import userPermission from './core/user-permission.json' with { type: 'json' }
import user from './core/user.json' with { type: 'json' }
import { parseDocType } from './parse-doctype.ts'

/** The definitions that come with the site, as they stand in their files. */
export const coreDefinitions: readonly (Values & { readonly name: string })[] = [
  role,
  hasRole,
  user,
  docField,
  docPerm,
  docType,
  userPermission,
  oauthClientRole,
  oauthClient,
  oauthBearerToken,
]

/** They cannot be removed, so that no namesake can follow: their id may be their name. */
const coreId = (name: string): string => `core:${name}`

export const coreDocTypes: readonly DocType[] = coreDefinitions.map((definition) =>
  parseDocType(definition, { origin: 'file', id: coreId(definition.name) }),
)

const names: ReadonlySet<string> = new Set(coreDocTypes.map((doctype) => doctype.name))
export const isCore = (name: string): boolean => names.has(name)

/** @throws {Error} when the site has no such DocType, which is a mistake of ours */
export function coreDocType(name: string): DocType {
  const found = coreDocTypes.find((doctype) => doctype.name === name)
  if (!found) throw new Error(`there is no core DocType ${name}`)
  return found
}
