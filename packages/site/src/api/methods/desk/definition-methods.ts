import { isTableField, type DocType } from '@annex/protocol'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { parseFlag, requireText } from '../../list-arguments.ts'
import { toFormMeta } from '../../meta.ts'
import { findDefinition, type SiteKnown } from '../site-known.ts'
import { verbsMethod } from '../verbs-method.ts'

/** Definitions as forms load them. */
export const definitionMethods = (site: SiteKnown): readonly Method[] => [
  verbsMethod('frappe.desk.form.load.getdoctype', ['GET', 'POST'], (call) => readMetas(site, call)),
]

/** The definition of a DocType and of its child tables, for whoever may know it; of a child table, with `with_parent`, that of its parent. */
async function readMetas(site: SiteKnown, call: MethodCall): Promise<MethodReply> {
  const asked = await call.backend.doctype(call.principal, requireText(call.args, 'doctype'))
  const parent = parseFlag(call.args['with_parent']) ? await findParent(site, call, asked) : undefined
  const doctype = parent ?? asked
  const children = [...new Set(doctype.fields.filter(isTableField).map(({ options }) => options))]
  const bundle = [doctype, ...(await Promise.all(children.map((child) => call.backend.doctype(call.principal, child))))]
  const targets = await findTargets(site, call, bundle)
  const docs = bundle.map((each) => toFormMeta(each, targets))
  return new MethodReply({ body: { docs, user_settings: '{}', ...(parent ? { parent_dt: parent.name } : {}) } })
}

/** The first that the caller may know. */
async function findParent(site: SiteKnown, call: MethodCall, { name, istable }: DocType): Promise<DocType | undefined> {
  for (const parent of istable ? site.parentsOf(name) : []) {
    const known = await findDefinition(site, call, parent)
    if (known) return known
  }
  return undefined
}

/** What the links of all of them point at, as far as the caller may know it. */
async function findTargets(site: SiteKnown, call: MethodCall, bundle: readonly DocType[]): Promise<ReadonlyMap<string, DocType>> {
  const links = bundle.flatMap(({ fields }) => fields).filter(({ fieldtype }) => fieldtype === 'Link')
  const names = [...new Set(links.map(({ options }) => options))]
  const found = await Promise.all(names.map((name) => findDefinition(site, call, name)))
  return new Map(found.flatMap((known) => (known ? [[known.name, known]] : [])))
}
