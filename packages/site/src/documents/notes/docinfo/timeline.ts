import type { Connection } from '@annex/database'
import { formatTimestamp } from '../../../doctypes/values/timestamps.ts'
import { listComments, type CommentRow } from '../comments/comment-store.ts'
import type { Referred } from '../require-readable.ts'

/** A comment, or a log entry, as `docinfo` shows it. */
export interface TimelineEntry extends Omit<CommentRow, 'creation'> {
  readonly creation: string
}

/** Comments and log entries of a document, by the key of `docinfo` that they stand under. */
export type Timeline = Readonly<Record<(typeof KEYS)[number], readonly TimelineEntry[]>>

const KEYS = ['comments', 'assignment_logs', 'attachment_logs', 'info_logs', 'like_logs', 'workflow_logs'] as const
const KEY_OF: Readonly<Record<string, (typeof KEYS)[number]>> = {
  Comment: 'comments',
  Assigned: 'assignment_logs',
  'Assignment Completed': 'assignment_logs',
  Attachment: 'attachment_logs',
  'Attachment Removed': 'attachment_logs',
  Info: 'info_logs',
  Edit: 'info_logs',
  Label: 'info_logs',
  Like: 'like_logs',
  Workflow: 'workflow_logs',
}
/** Newer ones push older ones out; `/api/resource/Comment` has them all. */
const SHOWN = 1000

export const EMPTY_TIMELINE: Timeline = timelineOf([], 'UTC')

export async function readTimeline(connection: Connection, { doctype, name }: Referred, zone: string): Promise<Timeline> {
  return timelineOf(await listComments(connection, doctype, name, SHOWN), zone)
}

function timelineOf(rows: readonly CommentRow[], zone: string): Timeline {
  const entries = rows.map((row) => ({ ...row, creation: formatTimestamp(row.creation, zone) }))
  const ofKey = (key: string): TimelineEntry[] => entries.filter((entry) => KEY_OF[entry.comment_type] === key)
  return Object.fromEntries(KEYS.map((key) => [key, ofKey(key)])) as unknown as Timeline
}
