import { FrappeError, readMailbox } from '@annex/protocol'
import type { DocField } from '@annex/protocol'

const PHONE = /^\+?[\d ()./#*-]{3,30}(x\d{1,6})?$/i
const COLOR = /^(#[\da-f]{3,8}|[a-z][a-z -]*|(rgb|hsl)a?\([\d\s.,%/]+\))$/i
const PERSON = /^[\p{L}\p{M}\p{N}'’.,\- ]+$/u

const FORMATS: Readonly<Record<string, readonly [is: (text: string) => boolean, exception: string, wanted: string]>> = {
  Email: [
    (text) => text.split(',').every((one) => readMailbox(one) !== undefined),
    'InvalidEmailAddressError',
    'an e-mail address like name@example.com',
  ],
  Phone: [(text) => PHONE.test(text.trim()), 'InvalidPhoneNumberError', 'a phone number of digits, spaces and + - ( )'],
  Color: [(text) => COLOR.test(text.trim()), 'ValidationError', 'a color like #449cf0 or red'],
  Name: [(text) => PERSON.test(text.trim()), 'InvalidNameError', 'a name of letters'],
  URL: [(text) => URL.canParse(text.trim()), 'ValidationError', 'an address like https://example.com'],
}

const formatOf = ({ fieldtype, options }: DocField): string | undefined =>
  fieldtype === 'Data' ? options : fieldtype === 'Phone' || fieldtype === 'Color' ? fieldtype : undefined

/** What a Data field's option, a Phone or a Color field asks of its text. @throws {FrappeError} named for the format */
export function checkFormat(field: DocField, text: string): void {
  const name = formatOf(field)
  const format = name !== undefined && Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined
  if (!format || format[0](text)) return
  throw new FrappeError(format[1], `${field.label}: "${text.slice(0, 60)}" is not valid; write ${format[2]}`)
}
