import { fieldKind, type DocField, type DocPerm, type DocType } from '@annex/protocol'

export interface DefinitionChanges {
  /** One line each: `+` is added, `-` goes, `~` changes. */
  readonly lines: readonly string[]
  /** Fields that go, or whose values would have to become something else. */
  readonly losses: readonly string[]
}

/** What a definition changes in another one; everything, when there is none yet. */
export function compareDefinitions(before: DocType | undefined, after: DocType): DefinitionChanges {
  const [old, next] = [byName(before), byName(after)]
  const gone = [...old.values()].filter((field) => !next.has(field.fieldname))
  const kept = [...next.values()].flatMap((field) => {
    const was = old.get(field.fieldname)
    return was ? [{ field, was }] : []
  })
  const retyped = kept.filter(({ field, was }) => fieldKind(field) !== fieldKind(was) && fieldKind(was) !== undefined)
  return {
    lines: [
      ...(before ? differences(before, after, PROPERTIES).map((change) => `~ ${change}`) : []),
      ...[...next.values()].filter((field) => !old.has(field.fieldname)).map((field) => `+ field ${shown(field)}`),
      ...kept.flatMap(({ field, was }) => fieldChange(was, field)),
      ...gone.map((field) => `- field ${shown(field)}`),
      ...permissionChanges(before?.permissions ?? [], after.permissions),
      ...(before && isReordered(before, after) ? ['~ order of the fields'] : []),
    ],
    losses: [
      ...gone.filter((field) => fieldKind(field) !== undefined).map((field) => `${field.fieldname} goes`),
      ...retyped.map(({ field, was }) => `${field.fieldname} changes from ${was.fieldtype} to ${field.fieldtype}`),
    ],
  }
}

const byName = (doctype: DocType | undefined): Map<string, DocField> =>
  new Map((doctype?.fields ?? []).map((field) => [field.fieldname, field]))
const shown = ({ fieldname, fieldtype }: DocField): string => `${fieldname} (${fieldtype})`

/** Not its id, which no file knows, nor what is compared row by row. */
const PROPERTIES: ReadonlySet<string> = new Set(['id', 'name', 'fields', 'permissions'])

function differences<T extends object>(before: T, after: T, leftOut: ReadonlySet<string>): string[] {
  return (Object.keys(after) as (keyof T & string)[])
    .filter((key) => !leftOut.has(key) && text(before[key]) !== text(after[key]))
    .map((key) => `${key}: ${text(before[key]) || 'nothing'} → ${text(after[key]) || 'nothing'}`)
}

const text = (value: unknown): string => {
  if (value === null || value === undefined || value === false) return ''
  return value === true ? 'yes' : Array.isArray(value) ? value.join(', ') : `${value as string | number}`.replaceAll('\n', ' | ')
}

function fieldChange(was: DocField, field: DocField): string[] {
  const changes = differences(was, field, new Set(['fieldname']))
  return changes.length === 0 ? [] : [`~ field ${field.fieldname}: ${changes.join('; ')}`]
}

const keyOf = ({ role, permlevel, if_owner }: DocPerm): string =>
  [role, permlevel > 0 && `level ${permlevel}`, if_owner && 'own documents'].filter((part) => part !== false).join(', ')
const rightsOf = ({ rights }: DocPerm): string => [...rights].toSorted().join(' ') || 'no right'

function permissionChanges(before: readonly DocPerm[], after: readonly DocPerm[]): string[] {
  const [old, next] = [new Map(before.map((row) => [keyOf(row), rightsOf(row)])), new Map(after.map((row) => [keyOf(row), rightsOf(row)]))]
  const added = [...next].filter(([key]) => !old.has(key)).map(([key, rights]) => `+ permission of ${key}: ${rights}`)
  const changed = [...next].filter(([key, rights]) => (old.get(key) ?? rights) !== rights)
  const gone = [...old].filter(([key]) => !next.has(key)).map(([key]) => `- permission of ${key}`)
  return [...added, ...changed.map(([key, rights]) => `~ permission of ${key}: ${old.get(key)} → ${rights}`), ...gone]
}

const isReordered = (before: DocType, after: DocType): boolean => orderOf(before, after) !== orderOf(after, before)

/** Of the fields that both have. */
const orderOf = (doctype: DocType, other: DocType): string =>
  doctype.fields
    .map((field) => field.fieldname)
    .filter((name) => other.fields.some((field) => field.fieldname === name))
    .join()
