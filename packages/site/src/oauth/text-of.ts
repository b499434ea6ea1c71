/** A value of a document or a filter as text; empty for what is no text and no number. */
export const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
