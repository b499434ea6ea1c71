import { FrappeError, notPermitted, type DocType } from '@annex/protocol'

export const notBuilt = (what: string): FrappeError =>
  new FrappeError('NotImplementedError', `${what} is not passed on to the upstream site yet; ask for less, or ask that site itself`)

export const refused = (doctype: string, name?: string): FrappeError =>
  notPermitted(
    `You may not read ${name === undefined ? `documents of ${doctype}` : `${doctype} ${name.slice(0, 140)}`}; ask a System Manager for a role that may`,
  )

export const unknownField = (fieldname: string): FrappeError =>
  new FrappeError('DataError', `Field not permitted in query: ${fieldname.slice(0, 140)}`)

export const hiddenField = (doctype: DocType, fieldname: string): FrappeError =>
  notPermitted(`You may not filter, sort or group by ${fieldname} of ${doctype.name}; leave it out`)
