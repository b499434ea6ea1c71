import { isColumn, type Values } from '@annex/protocol'
import { coreDocType } from '../core-doctypes.ts'

/** The parts of a DocType's file: itself, its fields, its permissions. */
export type FilePart = 'DocType' | 'DocField' | 'DocPerm'

const FLAGS: ReadonlySet<string> = new Set(['Check'])
const OWN = ['doctype_id']

/** Keys that a definition keeps, in their order, and whether each is a yes or no. */
export const keptKeys = (part: FilePart): readonly { readonly key: string; readonly flag: boolean }[] =>
  coreDocType(part)
    .fields.filter((field) => isColumn(field) && !OWN.includes(field.fieldname))
    .map((field) => ({ key: field.fieldname, flag: FLAGS.has(field.fieldtype) }))

/** Keys of Frappe's files that only say who wrote them when, or how a form looks. */
const WITHOUT_MEANING: Readonly<Record<FilePart, ReadonlySet<string>>> = {
  DocType: new Set(
    `name doctype owner creation modified modified_by docstatus idx engine field_order fields permissions states actions links
    document_type editable_grid icon color quick_entry hide_toolbar beta menu_index index_web_pages_for_search row_format
    grid_page_length rows_threshold_for_grid_search migration_hash allow_import allow_copy image_field timeline_field default_view
    force_re_route_to_default_view show_preview_popup show_name_in_global_search is_calendar_and_gantt documentation
    naming_rule translated_doctype default_print_format max_attachments allow_events_in_timeline view_settings print_outline
    sort_field sort_order has_web_view`.split(/\s+/),
  ),
  DocField: new Set(
    `name doctype owner creation modified modified_by docstatus idx parent parentfield parenttype columns in_preview in_global_search
    in_filter print_hide print_hide_if_no_value print_width report_hide hide_border hide_days hide_seconds translatable oldfieldname
    oldfieldtype trigger show_dashboard show_on_timeline remember_last_selected_value documentation_url placeholder sort_options
    max_height button_color allow_bulk_edit allow_in_quick_entry collapsible_depends_on alignment sticky`.split(/\s+/),
  ),
  DocPerm: new Set('name doctype owner creation modified modified_by docstatus idx parent parentfield parenttype'.split(' ')),
}

/** Keys that say something which this site does not keep. */
export function unkeptKeys(part: FilePart, values: Values): string[] {
  const kept = new Set(keptKeys(part).map(({ key }) => key))
  return Object.keys(values).filter((key) => !kept.has(key) && !WITHOUT_MEANING[part].has(key) && says(values[key]))
}

const says = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : Boolean(value) && value !== '0' && typeof value !== 'object'
