const LONGEST = 60

/** The tags in a `_user_tags`: `,Hot,New`. */
export const parseTags = (text: string | null): string[] => (text ?? '').split(',').filter((tag) => tag !== '')

/** With the leading comma that Frappe writes; none at all is null. */
export const formatTags = (tags: readonly string[]): string | null => (tags.length === 0 ? null : `,${tags.join(',')}`)

/** Tags are one whatever their case. */
export const sameTag = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** A tag as it is kept: on one line and without a comma, which keeps tags apart. Undefined when nothing remains, or too much. */
export function cleanTag(text: string): string | undefined {
  const tag = text.replaceAll(/[,\s]+/g, ' ').trim()
  return tag === '' || tag.length > LONGEST ? undefined : tag
}
