import { extensionOf } from './file-name.ts'

export interface FileType {
  readonly contentType: string
  /** Shown in a browser; everything else is saved. Nothing among them can hold a script. */
  readonly inline: boolean
}

const shown = (contentType: string): FileType => ({ contentType, inline: true })
const saved = (contentType: string): FileType => ({ contentType, inline: false })
const office = (kind: string): FileType => saved(`application/vnd.openxmlformats-officedocument.${kind}`)
const openDocument = (kind: string): FileType => saved(`application/vnd.oasis.opendocument.${kind}`)

/** By extension: what a sender says of a type is not believed. Types with scripts (HTML, SVG, XML) are not among them. */
const TYPES: ReadonlyMap<string, FileType> = new Map([
  ['PNG', shown('image/png')],
  ['JPG', shown('image/jpeg')],
  ['JPEG', shown('image/jpeg')],
  ['GIF', shown('image/gif')],
  ['WEBP', shown('image/webp')],
  ['TXT', shown('text/plain; charset=utf-8')],
  ['CSV', saved('text/csv; charset=utf-8')],
  ['PDF', saved('application/pdf')],
  ['DOC', saved('application/msword')],
  ['XLS', saved('application/vnd.ms-excel')],
  ['PPT', saved('application/vnd.ms-powerpoint')],
  ['DOCX', office('wordprocessingml.document')],
  ['XLSX', office('spreadsheetml.sheet')],
  ['PPTX', office('presentationml.presentation')],
  ['ODT', openDocument('text')],
  ['ODS', openDocument('spreadsheet')],
  ['ODP', openDocument('presentation')],
])

const OTHER = saved('application/octet-stream')

/** How a file of this name is served; one of an unknown type is bytes to save. */
export const fileTypeOf = (name: string): FileType => TYPES.get(extensionOf(name)) ?? OTHER

/** Whether people who do not use the desk may send a file of this name: images, PDF, text, CSV and documents of offices. */
export const isEverydayType = (name: string): boolean => TYPES.has(extensionOf(name))
