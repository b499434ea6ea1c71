/** A value of a document or a parameter as text: nothing is the empty text. */
export const asText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/** The same, where nothing stays nothing. */
export const textIn = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : asText(value))
