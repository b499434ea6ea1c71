import { invalid, type Filter } from '@annex/protocol'
import type { Method, MethodCall } from '../../../backend/method.ts'
import type { Row } from '../../../backend/backend.ts'
import { requiredText, requiredTexts, textIn } from '../arguments.ts'
import { alterMirror } from '../mirror.ts'
import type { NoteParts } from '../note-parts.ts'
import { requireCovered, requireHeld, requireNotable, type Referred } from '../require-readable.ts'
import { cleanTag, formatTags, parseTags, sameTag } from './tags.ts'

const METHOD = 'frappe.desk.doctype.tag.tag'
const MOST_TAGS = 50
const MOST_DOCUMENTS = 200
const MOST_SUGGESTED = 500

/** `frappe.desk.doctype.tag.tag.*`: words that stand beside a document, in `_user_tags`. */
export function tagMethods(parts: NoteParts): readonly Method[] {
  return [
    method('add_tag', ['POST', 'PUT'], (call) => addTag(parts, call)),
    method('add_tags', ['POST', 'PUT'], (call) => addTags(parts, call)),
    method('remove_tag', ['POST', 'PUT'], (call) => removeTag(parts, call)),
    method('get_tags', ['GET', 'POST'], getTags),
    method('get_tagged_docs', ['GET', 'POST'], getTaggedDocs),
  ]
}

const method = (verb: string, httpMethods: Method['httpMethods'], handler: Method['handler']): Method => ({
  name: `${METHOD}.${verb}`,
  httpMethods,
  guest: false,
  rights: 'verbs',
  handler,
})

const documentIn = ({ args }: MethodCall): Referred => ({ doctype: requiredText(args, 'dt'), name: requiredText(args, 'dn') })

async function addTag(parts: NoteParts, call: MethodCall): Promise<string> {
  const tag = requireTag(requiredText(call.args, 'tag'))
  await alterTags(parts, call, documentIn(call), (tags) => withTag(tags, tag))
  return tag
}

async function addTags(parts: NoteParts, call: MethodCall): Promise<void> {
  const added = requiredTexts(call.args, 'tags').map(requireTag)
  const names = requiredTexts(call.args, 'docs')
  if (names.length > MOST_DOCUMENTS) throw invalid(`At most ${MOST_DOCUMENTS} documents are tagged in one call; send the rest in another`)
  const doctype = requiredText(call.args, 'dt')
  for (const name of names) await alterTags(parts, call, { doctype, name }, (tags) => added.reduce(withTag, tags))
}

async function removeTag(parts: NoteParts, call: MethodCall): Promise<void> {
  const tag = requiredText(call.args, 'tag')
  await alterTags(parts, call, documentIn(call), (tags) => tags.filter((known) => !sameTag(known, tag)))
}

function requireTag(text: string): string {
  const tag = cleanTag(text)
  if (tag === undefined) throw invalid('A tag has 1 to 60 characters; choose a shorter word')
  return tag
}

function withTag(tags: readonly string[], tag: string): string[] {
  if (tags.some((known) => sameTag(known, tag))) return [...tags]
  if (tags.length >= MOST_TAGS) throw invalid(`A document has at most ${MOST_TAGS} tags; remove one first`)
  return [...tags, tag]
}

/** Tags are written with the document: the right to write it, and its scope, are needed. */
async function alterTags(
  { premises }: NoteParts,
  { principal, backend }: MethodCall,
  about: Referred,
  alter: (tags: string[]) => string[],
): Promise<void> {
  await backend.read(principal, about)
  const doctype = requireNotable(premises(), principal, about.doctype)
  requireCovered(principal, doctype, 'write')
  if (doctype.virtual || doctype.issingle) throw invalid(`${doctype.name} has no list of documents to tag`)
  await premises().database.transaction(async (connection) => {
    await requireHeld(premises(), connection, principal, doctype, about.name, 'write')
    await alterMirror(premises(), connection, about, '_user_tags', (text) => formatTags(alter(parseTags(text))))
  })
}

/** The tags in use on documents that the caller may read. */
async function getTags(call: MethodCall): Promise<string[]> {
  const text = textIn(call.args, 'txt').toLowerCase()
  const rows = await listTagged(call, text, MOST_SUGGESTED)
  const tags = new Map(rows.flatMap(tagsOf).map((tag) => [tag.toLowerCase(), tag]))
  return [...tags]
    .filter(([folded]) => folded.includes(text))
    .map(([, tag]) => tag)
    .toSorted()
}

/** Names of the documents with the tag that the caller may read. */
async function getTaggedDocs(call: MethodCall): Promise<unknown[]> {
  const tag = requiredText(call.args, 'tag')
  const rows = await listTagged(call, tag, null)
  return rows.filter((row) => tagsOf(row).some((known) => sameTag(known, tag))).map((row) => row['name'])
}

function listTagged({ principal, args, backend }: MethodCall, text: string, limit: number | null): Promise<Row[]> {
  const filters: Filter[] = [{ fieldname: '_user_tags', operator: 'like', value: `%,%${text}%` }]
  return backend.list(principal, { doctype: requiredText(args, 'doctype'), fields: ['name', '_user_tags'], filters, limit })
}

const tagsOf = (row: Row): string[] => parseTags(typeof row['_user_tags'] === 'string' ? row['_user_tags'] : null)
