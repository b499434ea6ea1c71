/** A field of a fake DocType, as a DocType's JSON has it. */
export interface FakeField {
  readonly fieldname: string
  readonly fieldtype: string
  readonly label?: string
  readonly options?: string
  readonly reqd?: boolean | number
  readonly unique?: boolean | number
  readonly hidden?: boolean | number
  readonly default?: string | null
  readonly allow_on_submit?: boolean | number
  readonly permlevel?: number
}

/** A DocType of the fake site, as `POST /api/resource/DocType` takes it. */
export interface FakeDocType {
  readonly name: string
  readonly fields: readonly FakeField[]
  /** `field:<name>`, `naming_series:`, `autoincrement`, `hash`; a hash when absent. */
  readonly autoname?: string
  readonly title_field?: string
  readonly show_title_field_in_link?: boolean | number
  /** Comma-separated, or a list. */
  readonly search_fields?: string | readonly string[]
  readonly istable?: boolean | number
  readonly issingle?: boolean | number
  readonly is_submittable?: boolean | number
  /** Rows of a role and its rights, 0 or 1 each; without any row everybody may do everything. */
  readonly permissions?: readonly Readonly<Record<string, unknown>>[]
}

const TABLES = ['Table', 'Table MultiSelect']
const NUMBERS = ['Int', 'Check', 'Float', 'Currency', 'Percent', 'Rating', 'Duration']
const LAYOUT = ['Section Break', 'Column Break', 'Tab Break', 'HTML', 'Button', 'Image', 'Fold', 'Heading']

export const isTable = ({ fieldtype }: FakeField): boolean => TABLES.includes(fieldtype)
export const isNumber = ({ fieldtype }: FakeField): boolean => NUMBERS.includes(fieldtype)
/** Has a value of its own. */
export const isColumn = (field: FakeField): boolean => !isTable(field) && !LAYOUT.includes(field.fieldtype)

export const searchFieldsOf = ({ search_fields: fields = '' }: FakeDocType): string[] =>
  (typeof fields === 'string' ? fields.split(',') : [...fields]).map((field) => field.trim()).filter((field) => field !== '')
