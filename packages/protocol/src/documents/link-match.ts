/** One suggestion of a link field, as `frappe.desk.search.search_link` answers it. */
export interface LinkMatch {
  readonly value: string
  readonly description: string
  /** The title, when the DocType shows titles in links. */
  readonly label?: string
}
