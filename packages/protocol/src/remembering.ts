const MOST_KEPT = 500
/** What is longer is hardly asked for twice. */
const LONGEST_KEPT = 200

/**
 * A reader of texts that keeps what it has read: programs send the same few texts again and again. For readers whose result follows
 * from the text alone and is never altered. What is refused is not kept.
 */
export function remembering<T extends object>(read: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>()
  return (text) => {
    const known = kept.get(text)
    if (known !== undefined) return known
    const value = read(text)
    if (text.length > LONGEST_KEPT) return value
    if (kept.size >= MOST_KEPT) kept.clear()
    kept.set(text, value)
    return value
  }
}
