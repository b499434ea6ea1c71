import type { DocType, Values } from '@annex/protocol'
import version from './core/version.json' with { type: 'json' }
import comment from './core/comment.json' with { type: 'json' }
import toDo from './core/todo.json' with { type: 'json' }
import docShare from './core/docshare.json' with { type: 'json' }
import file from './core/file.json' with { type: 'json' }
import deletedDocument from './core/deleted-document.json' with { type: 'json' }
import docField from './core/docfield.json' with { type: 'json' }
import customDocPerm from './core/custom-docperm.json' with { type: 'json' }
import docPerm from './core/docperm.json' with { type: 'json' }
import docType from './core/doctype.json' with { type: 'json' }
import hasRole from './core/has-role.json' with { type: 'json' }
import oauthBearerToken from './core/oauth/oauth-bearer-token.json' with { type: 'json' }
import oauthClientRole from './core/oauth/oauth-client-role.json' with { type: 'json' }
import oauthClient from './core/oauth/oauth-client.json' with { type: 'json' }
import oauthSettings from './core/oauth/oauth-settings.json' with { type: 'json' }
import role from './core/role.json' with { type: 'json' }
import socialLoginKey from './core/social-login-key.json' with { type: 'json' }
import userPermission from './core/user-permission.json' with { type: 'json' }
import user from './core/user.json' with { type: 'json' }
import { parseDocType } from './parse-doctype.ts'

export type CoreDefinition = Values & { readonly name: string }

/** The definitions that come with the site, as they stand in their files. */
export const coreDefinitions: readonly CoreDefinition[] = [
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
  oauthSettings,
  version,
  comment,
  toDo,
  docShare,
  file,
  deletedDocument,
  customDocPerm,
  socialLoginKey,
]

/** They cannot be removed, so that no namesake can follow: their id may be their name. */
export const coreId = (name: string): string => `core:${name}`

export const parseCore = (definition: CoreDefinition): DocType =>
  parseDocType(definition, { origin: 'file', core: true, id: coreId(definition.name) })

export const coreDocTypes: readonly DocType[] = coreDefinitions.map(parseCore)

const names: ReadonlySet<string> = new Set(coreDocTypes.map((doctype) => doctype.name))
export const isCore = (name: string): boolean => names.has(name)

/** @throws {Error} when the site has no such DocType, which is a mistake of ours */
export function coreDocType(name: string): DocType {
  const found = coreDocTypes.find((doctype) => doctype.name === name)
  if (!found) throw new Error(`there is no core DocType ${name}`)
  return found
}
