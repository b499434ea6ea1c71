import { FrappeError, isRecord } from '@annex/protocol'

/**
 * Where a Frappe stumbles over filters that this project's own site takes.
 *
 * @throws {FrappeError} as a Frappe 15 was seen to answer
 */
export function checkFrappeFilters(filters: unknown): void {
  if (Array.isArray(filters)) for (const filter of filters) checkTuple(filter)
  else if (isRecord(filters))
    for (const [field, value] of Object.entries(filters)) checkCondition(field, Array.isArray(value) ? value[0] : '=', value)
}

/** A condition that stands alone, outside a list, is taken for a list of DocTypes. */
function checkTuple(filter: unknown): void {
  if (!Array.isArray(filter) || filter.length < 3) throw new FrappeError('DoesNotExistError', 'DocType not found')
  const [field, operator, value] = (filter.length > 3 ? filter.slice(1) : filter) as unknown[]
  checkCondition(String(field), operator, value)
}

function checkCondition(field: string, operator: unknown, value: unknown): void {
  if (field.includes('.')) throw new FrappeError('OperationalError', `Unknown column ${field}`, { status: 500 })
  if (operator === '<>') throw new FrappeError('ValidationError', 'Operator must be one of =, !=, >, <, >=, <=, like, in, is, between')
  const isNumeric = operator === 'between' && Array.isArray(value) && typeof value[0] === 'number'
  if (isNumeric) throw new FrappeError('TypeError', 'between is for dates', { status: 500 })
}
