import { isRecord } from '@annex/protocol'
import { entriesOf } from '../mirror.ts'
import { plainText } from '../plain-text.ts'

/** What the mirror takes from a comment. */
export interface MirroredComment {
  readonly name: string | number
  readonly owner: string
  readonly [field: string]: unknown
}

/** An entry of `_comments`. */
interface Mirrored {
  /** The beginning, without markup. */
  readonly comment: string
  readonly by: string
  /** Of the Comment. */
  readonly name: string
}

const MOST_KEPT = 100
const LONGEST = 100

/** The `_comments` of a document after one of its comments was written or removed. */
export function withComment(text: string | null, comment: MirroredComment, act: 'insert' | 'update' | 'remove'): string | null {
  const entries = entriesOf(text).filter(isRecord)
  const at = entries.findIndex((entry) => entry['name'] === comment.name)
  if (at < 0 && act !== 'insert') return text
  if (act === 'remove') return JSON.stringify(entries.toSpliced(at, 1))
  const entry = mirrored(comment)
  const next = at < 0 ? [...entries, entry] : entries.with(at, { ...entry })
  return JSON.stringify(next.slice(-MOST_KEPT))
}

/** The `_comments` of a document that has these, oldest first. */
export const commentsText = (comments: readonly MirroredComment[]): string => JSON.stringify(comments.slice(-MOST_KEPT).map(mirrored))

const mirrored = (comment: MirroredComment): Mirrored => ({
  comment: shortened(comment['content']),
  by: typeof comment['comment_email'] === 'string' ? comment['comment_email'] : comment.owner,
  name: String(comment.name),
})

function shortened(content: unknown): string {
  const text = plainText(content)
  // A character is two units at most: what is cut off is not taken apart.
  const characters = Array.from(text.slice(0, LONGEST * 2 + 2))
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 3).join('')}...` : text
}
