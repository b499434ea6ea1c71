/** A property of an interface that is to be written. */
export interface WrittenProperty {
  readonly key: string
  /** TypeScript; one that may be `null` is optional too, because what is empty is left out of some answers. */
  readonly type: string
  /** Sentences that are said about it; what is no text is passed over. */
  readonly comment: readonly unknown[]
}

export interface WrittenInterface {
  readonly name: string
  readonly comment: readonly unknown[]
  readonly properties: readonly WrittenProperty[]
}

/** `Sales.Invoice` and `Sales Invoice` → `SalesInvoice`; of two that would be called alike the later gets a number. */
export function typeNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    names.map((name) => {
      const bare = name.replaceAll(/(?:^|[ ._-])([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')
      // What is left may be nothing, or no name that the language knows.
      const usable = /^[A-Za-z_]/.test(bare) ? bare : `_${bare}`
      let [unique, number] = [usable, 2]
      while (taken.has(unique)) unique = `${usable}${number++}`
      taken.add(unique)
      return [name, unique] as const
    }),
  )
}

/** The TypeScript of one exported interface. */
export const writeInterface = ({ name, comment, properties }: WrittenInterface): string =>
  `${writeComment(comment, '')}export interface ${name} {\n${properties.map(writeProperty).join('')}}\n`

function writeProperty({ key, type, comment }: WrittenProperty): string {
  return `${writeComment(comment, '  ')}  ${writeKey(key)}${type.endsWith(' | null') ? '?' : ''}: ${type}\n`
}

/** The name of a property, quoted where it has to be. */
export const writeKey = (key: string): string => (/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key))

/** A choice of values. */
export const writeUnion = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(' | ')

function writeComment(lines: readonly unknown[], indent: string): string {
  const said = lines.filter((line) => typeof line === 'string' && line !== '').join('. ')
  return said === '' ? '' : `${indent}/** ${said.replaceAll('*/', '*\u200b/').replaceAll(/\s+/g, ' ')} */\n`
}
