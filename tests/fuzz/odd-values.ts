import fc from 'fast-check'

/** Texts that were somebody's accident before. */
const TEXTS = [
  ...['', ' ', '\0', 'a\0b', '\n', '\r\n', '\t', '.', '..', '../../etc/passwd', '/', '//', '\\', '%', '%%', '_', '*', '`', "'", '"', ';', '--', '#', '?', '&', '='],
  ...['null', 'NaN', 'Infinity', '-Infinity', 'true', 'false', '[]', '{}', '[[', '{"a":', '[1,2', '"', '[null]', '{"a":{"b":[]}}', '["name","in",[]]'],
  ...['0', '-1', '1e309', '-1e309', '1e-400', '9'.repeat(40), '0x10', '1_000', '1,000.50', '٣', '99999999999999999999', '9223372036854775808', '-9223372036854775809', '0.1234567891234'],
  ...['2026-02-30', '0000-00-00', '9999-12-31', '10000-01-01', '-000001-01-01', '2026-01-01 25:61:61', '2026-01-01T00:00:00+99:99', '24:00:00', '-1:00:00', '2026-1-1', '275761-01-01'],
  ...["'; drop table account; --", "' or 1=1 --", '(select 1)', 'count(name)', 'sum(name)', 'name as name', 'name asc, (select 1)', '`tabUser`.`name`', 'tabUser.name', 'sleep(9)', '${7*7}', '{{7*7}}', '<script>alert(1)</script>'],
  ...['\u202e', '\ud800', 'a\udfffb', '\ufeff', '👩‍👩‍👧‍👧', 'é', 'e\u0301', 'İ', 'ß', 'ﬀ', '\u0000\u0001\u001f', '\u2028', '\uffff'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then', 'valueOf'],
  ...['x'.repeat(141), 'x'.repeat(5000), '%'.repeat(300), '('.repeat(500), `${'a.'.repeat(200)}b`],
]

/** Words that a site knows. */
export const WORDS = [
  ...['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype', 'doctype', 'fields', 'permissions'],
  ...['Odd', 'Odd Row', 'User', 'Role', 'DocType', 'DocField', 'DocPerm', 'Has Role', 'User Permission', 'OAuth Client', 'OAuth Client Role', 'OAuth Bearer Token', 'O-1', 'O-2', 'Guest', 'All', 'System Manager'],
  ...['code', 'title', 'whole', 'amount', 'share', 'day', 'moment', 'clock', 'choice', 'flag', 'link', 'any_type', 'any_name', 'payload', 'long', 'rows', 'secret', 'word'],
]

export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
)

const oddNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1, -1, 2, 0.5, 1e15, 1e16, 1e21, 1e300, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, 2 ** 31, 2 ** 63, -(2 ** 63)))

/** Any JSON, with the names that a site knows among its keys. */
export const oddValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 5, arbitrary: oddText },
    { weight: 3, arbitrary: oddNumber },
    { weight: 2, arbitrary: fc.constantFrom(null, true, false) },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 2, arbitrary: fc.dictionary(oddText, tie('value'), { maxKeys: 4, noNullPrototype: true }) },
  ),
})).value

const OPERATORS = ['=', '!=', '<', '>', '<=', '>=', 'like', 'not like', 'in', 'not in', 'is', 'between', 'IS', ' = ', '<>', 'timespan', 'descendants of']

/** Filters that come close to good ones. */
export const oddFilters: fc.Arbitrary<unknown> = fc.oneof(
  fc.array(fc.tuple(oddText, fc.constantFrom(...OPERATORS), oddValue), { maxLength: 3 }),
  fc.array(fc.tuple(fc.constantFrom('Odd', 'Odd Row', 'User'), fc.constantFrom(...WORDS), fc.constantFrom(...OPERATORS), oddValue), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom(...WORDS), fc.oneof(oddValue, fc.tuple(fc.constantFrom(...OPERATORS), oddValue)), { maxKeys: 3, noNullPrototype: true }),
  oddValue,
)

const EXPRESSIONS = ['*', 'name', 'count(name) as n', 'sum(amount)', 'avg(whole) as a', 'max(moment)', 'min(clock)', 'distinct choice', 'link.title', 'rows.word', '`tabOdd Row`.`word`', '`tabOdd`.*', 'sum(rows.amount)', 'max(link.flag) as `x y`', 'count(distinct title)']
export const oddField: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...EXPRESSIONS), fc.constantFrom(...WORDS), oddText)
export const oddFields: fc.Arbitrary<unknown> = fc.oneof({ weight: 4, arbitrary: fc.array(oddField, { maxLength: 5 }) }, { weight: 1, arbitrary: oddValue })
