/** A row of DocPerm without any of the rights that come after reading; a test adds those it means. */
export const NO_RIGHTS = {
  write: 0,
  create: 0,
  delete: 0,
  submit: 0,
  cancel: 0,
  amend: 0,
  report: 0,
  export: 0,
  import: 0,
  share: 0,
  print: 0,
  email: 0,
}
