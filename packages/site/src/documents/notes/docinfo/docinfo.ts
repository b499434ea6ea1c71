import type { DocType } from '@annex/protocol'
import { covers } from '../../../policy/covers.ts'
import type { MethodCall } from '../../../backend/method.ts'
import type { Principal } from '../../../policy/principal.ts'
import { listOpen } from '../assignments/assignment-store.ts'
import { hasMirrors } from '../mirror.ts'
import { readMirrors } from '../mirror-store.ts'
import { parseTags } from '../marks/tags.ts'
import { readHeld } from '../../held.ts'
import type { Premises } from '../../premises.ts'
import { documentPermissions } from '../../shares/permission-methods.ts'
import { sightOf } from '../../verbs/read.ts'
import type { Referred } from '../require-readable.ts'
import { listSeenVersions } from '../versions/seen-versions.ts'
import { listAttachments, listUserCards } from './docinfo-store.ts'
import { EMPTY_TIMELINE, readTimeline } from './timeline.ts'

const MOST_ATTACHMENTS = 1000

/** What this site does not keep, as Frappe's forms expect it. */
const NOTHING = {
  communications: [],
  automated_messages: [],
  views: [],
  energy_point_logs: [],
  additional_timeline_content: [],
  milestones: [],
  is_document_followed: false,
  document_email: null,
} as const

/**
 * What stands beside a document: its timeline, versions, attachments, assignments, shares, and what the caller may do.
 *
 * The caller has been found to read the document. What a token's scopes do not open is empty.
 */
export async function readDocinfo(
  premises: Premises,
  { principal, backend }: MethodCall,
  about: Referred,
): Promise<Record<string, unknown>> {
  const doctype = premises.doctypes.get(about.doctype)
  const { connection } = premises.database
  const opens = (name: string): boolean => doctype !== undefined && covers(principal, premises.doctypes.require(name), 'read')
  const timeline = opens('Comment') ? await readTimeline(connection, about, premises.zone) : EMPTY_TIMELINE
  const versions = opens('Version') && doctype ? await listSeenVersions(premises, doctype, about.name, sightOf(principal, doctype)) : []
  const open = opens('ToDo') ? await listOpen(connection, about.doctype, about.name) : []
  const sharing = { method: 'frappe.share.get_users', httpMethod: 'GET', args: { ...about } }
  const shared = opens('DocShare') ? await backend.call(principal, sharing) : []
  const users = [...Object.values(timeline).flat(), ...versions].map((entry) => entry.owner)
  return {
    doctype: about.doctype,
    name: about.name,
    ...timeline,
    versions,
    attachments: opens('File') ? await listAttachments(connection, about.doctype, about.name, MOST_ATTACHMENTS) : [],
    assignments: open.map(({ name, allocated_to: owner, description, status }) => ({ name, owner, description, status })),
    shared,
    permissions: await permissionsOf(premises, principal, doctype, about.name),
    tags: await tagsOf(premises, doctype, about.name),
    user_info: await userInfo(premises, principal, [principal.user, ...users, ...open.map((todo) => todo.allocated_to)]),
    ...NOTHING,
  }
}

async function permissionsOf(premises: Premises, principal: Principal, doctype: DocType | undefined, name: string): Promise<object> {
  const held = hasMirrors(doctype) ? await readHeld(premises, premises.database.connection, doctype, name) : undefined
  return doctype && held ? documentPermissions(premises, principal, doctype, held) : {}
}

async function tagsOf({ database }: Premises, doctype: DocType | undefined, name: string): Promise<string> {
  const mirrors = hasMirrors(doctype) ? await readMirrors(database.connection, doctype, name) : undefined
  return parseTags(mirrors?._user_tags ?? null).join(',')
}

/** Names and pictures, which link fields show to everyone; a token needs the scope that link fields need. */
async function userInfo(
  { database, doctypes }: Premises,
  principal: Principal,
  users: readonly string[],
): Promise<Record<string, unknown>> {
  if (!covers(principal, doctypes.require('User'), 'select')) return {}
  const cards = await listUserCards(database.connection, [...new Set(users)])
  return Object.fromEntries(
    cards.map(({ name, full_name: fullname, user_image: image }) => [name, { fullname, image, name, email: name, time_zone: null }]),
  )
}
