/** The detail of a row; the text itself when it was cut, or is no JSON. */
export function parseDetail(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
