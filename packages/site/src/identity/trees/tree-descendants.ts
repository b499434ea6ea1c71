import type { DocType } from '@annex/protocol'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { DocumentReader } from '../document-reader.ts'

/** Of one user permission. Names beyond are left out, nearest first kept: too little is allowed then, and never too much. */
const MOST_DESCENDANTS = 5000
/** Names in one question. */
const MOST_NAMES = 500

interface Trees {
  readonly documents: DocumentReader
  readonly doctypeOf: (name: string) => DocType | undefined
}

/** Names of what stands below a document of a tree DocType, level by level; none of any other DocType. */
export async function listDescendants({ documents, doctypeOf }: Trees, doctype: string, root: string): Promise<string[]> {
  const tree = doctypeOf(doctype)
  const parentField = tree && treeParentField(tree)
  if (parentField === undefined) return []
  const found = new Set<string>([root])
  let level = [root]
  while (level.length > 0 && found.size <= MOST_DESCENDANTS) {
    const below: string[] = []
    for (let start = 0; start < level.length; start += MOST_NAMES) {
      const value = level.slice(start, start + MOST_NAMES)
      const rows = await documents.list(ADMINISTRATOR, {
        doctype,
        fields: ['name'],
        filters: [{ fieldname: parentField, operator: 'in', value }],
        limit: null,
      })
      below.push(...rows.map((row) => String(row['name'])))
    }
    // A document that stands below itself is met once.
    level = below.filter((name) => !found.has(name))
    for (const name of level) found.add(name)
  }
  return [...found].slice(1, MOST_DESCENDANTS + 1)
}
