import { FrappeError, invalid, notPermitted } from '@annex/protocol'
import { HTTP_METHODS, type Method, type MethodCall } from '../../backend/method.ts'
import type { SecretPlace } from '../../doctypes/tables/sealed-value-store.ts'
import type { Principal } from '../../policy/principal.ts'
import { requiredText } from '../notes/arguments.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'
import { readSecret } from './secrets.ts'

interface PasswordParts {
  readonly premises: () => Premises
  /** Remembers who was given which secret; awaited before it is given. */
  readonly onRead: (principal: Principal, place: SecretPlace) => Promise<void>
}

/**
 * `frappe.client.get_password`: the clear text of a Password field, for a System Manager who may read the document and the
 * field. An app needs the method's own scope besides.
 */
export const passwordMethod = (parts: PasswordParts): Method => ({
  name: 'frappe.client.get_password',
  httpMethods: HTTP_METHODS,
  guest: false,
  rights: 'undeclared',
  handler: (call) => getPassword(parts, call),
})

async function getPassword({ premises, onRead }: PasswordParts, { principal, args, backend }: MethodCall): Promise<string> {
  if (!principal.roles.has('System Manager')) throw notPermitted('Only a System Manager may ask for a password')
  const [doctype, asked, fieldname] = ['doctype', 'name', 'fieldname'].map((key) => requiredText(args, key)) as [string, string, string]
  const document = await backend.read(principal, { doctype, name: asked })
  const type = premises().doctypes.get(doctype)
  if (!type || fieldOf(type, fieldname)?.fieldtype !== 'Password')
    throw invalid(
      `${doctype.slice(0, 140)} has no Password field ${fieldname.slice(0, 140)} on this site; read other fields with the document`,
    )
  if (!(fieldname in document)) throw notPermitted(`You may not see ${fieldname} of ${doctype}; it is above your permission level`)
  const place = { doctype, name: String(document.name), fieldname }
  const secret = document[fieldname] === null ? undefined : await readSecret(premises(), premises().database.connection, place)
  if (secret === undefined)
    throw new FrappeError('AuthenticationError', `Password not found for ${doctype} ${place.name} ${fieldname}; write one first`)
  await onRead(principal, place)
  return secret
}
