/**
 * JSON as a Frappe writes it into the body of a webhook: with a space after commas and colons, and everything beyond ASCII
 * as `\uXXXX`. A Frappe 16 sorts the keys, and writes each on a line of its own.
 */
export function pythonJson(value: unknown, pretty: boolean, depth = 1): string {
  if (typeof value !== 'object' || value === null) return ascii(JSON.stringify(value ?? null))
  const entries = Array.isArray(value)
    ? value.map((entry: unknown) => pythonJson(entry, pretty, depth + 1))
    : keysOf(value, pretty).map((key) => `${ascii(JSON.stringify(key))}: ${pythonJson(value[key], pretty, depth + 1)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) return open + close
  const line = (level: number): string => (pretty ? `\n${' '.repeat(level)}` : '')
  return `${open}${line(depth)}${entries.join(pretty ? `,${line(depth)}` : ', ')}${line(depth - 1)}${close}`
}

const keysOf = <T extends object>(value: T, sorted: boolean): (keyof T & string)[] => {
  const keys = Object.keys(value) as (keyof T & string)[]
  return sorted ? keys.toSorted() : keys
}

const ascii = (text: string): string =>
  text.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
