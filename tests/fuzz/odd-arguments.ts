import fc from 'fast-check'
import { oddField, oddFields, oddFilters, oddText, oddValue, WORDS } from './odd-values.ts'

export type Arguments = Readonly<Record<string, unknown>>

const oddWords = (maxKeys: number): fc.Arbitrary<Arguments> =>
  fc.dictionary(fc.constantFrom(...WORDS), oddValue, { maxKeys, noNullPrototype: true })

/** Good values, of which some are replaced: what is wrong should not hide behind what is missing. */
function spoiled(good: Arguments, odd: fc.Arbitrary<Arguments> = oddWords(1)): fc.Arbitrary<Arguments> {
  const replaced = fc.dictionary(fc.constantFrom(...Object.keys(good)), oddValue, { maxKeys: 2, noNullPrototype: true })
  return fc.tuple(replaced, odd).map(([own, others]) => ({ ...good, ...own, ...others }))
}

const orderBy = fc.oneof(
  oddField,
  fc.tuple(oddField, fc.constantFrom('asc', 'desc', 'ASC, name')).map((parts) => parts.join(' ')),
)

export const listArguments: fc.Arbitrary<Arguments> = fc
  .record(
    {
      fields: oddFields,
      filters: oddFilters,
      or_filters: oddFilters,
      order_by: orderBy,
      group_by: oddField,
      limit_start: oddValue,
      limit_page_length: oddValue,
      limit: oddValue,
      parent: oddText,
      as_dict: oddValue,
      distinct: oddValue,
    },
    { requiredKeys: [] },
  )
  .chain((all) => fc.subarray(Object.entries(all), { maxLength: 3 }).map((kept) => Object.fromEntries(kept)))

export const methodArguments: fc.Arbitrary<Arguments> = fc.oneof(
  fc.record(
    {
      doctype: fc.constantFrom('Odd', 'Odd', 'User', 'DocType', 'Odd Row', 'OAuth Bearer Token'),
      txt: oddText,
      filters: oddFilters,
      page_length: oddValue,
      start: oddValue,
      reference_doctype: oddText,
      searchfield: oddText,
      as_dict: oddValue,
      distinct: oddValue,
      user: oddText,
    },
    { requiredKeys: ['doctype'] },
  ),
  oddWords(4),
)

const odd = {
  whole: 3,
  amount: 0.1,
  share: 5,
  day: '2026-01-31',
  moment: '2026-01-31 10:00:00',
  clock: '10:00:00',
  choice: 'One',
  flag: 1,
  link: 'O-1',
  any_type: 'Odd',
  any_name: 'O-1',
  payload: '{}',
  long: 'text',
  rows: [{ word: 'a', amount: 1 }],
  docstatus: 0,
}
const row = spoiled({ word: 'a', amount: 1, link: 'All', name: 'x', idx: 1 })
const field = spoiled({
  fieldname: 'one',
  fieldtype: 'Data',
  options: '',
  label: 'One',
  reqd: 0,
  unique: 0,
  permlevel: 0,
  length: 0,
  default: null,
  fetch_from: '',
})
const type = fc.record(
  {
    fieldtype: fc.constantFrom(
      'Data',
      'Link',
      'Dynamic Link',
      'Table',
      'Select',
      'Int',
      'Check',
      'Password',
      'JSON',
      'Time',
      'Section Break',
      'Nope',
    ),
    fieldname: fc.constantFrom('one', 'two', 'name', 'parent', '_search', 'select', 'ONE', 'a'.repeat(61), 'a'.repeat(62)),
  },
  { requiredKeys: [] },
)
const code = fc.oneof(fc.uuid(), oddText)

/** Values for each DocType, most of them good. */
export const documentArguments: Readonly<Record<string, fc.Arbitrary<Arguments>>> = {
  Odd: fc.oneof(
    fc.tuple(spoiled(odd), code).map(([values, own]) => ({ code: own, ...values })),
    fc.tuple(fc.array(row, { maxLength: 3 }), code).map(([rows, own]) => ({ code: own, rows })),
  ),
  DocType: fc
    .tuple(
      spoiled({
        name: 'Odder',
        module: 'Custom',
        autoname: 'hash',
        title_field: '',
        search_fields: '',
        sort_field: 'modified',
        istable: 0,
        is_submittable: 0,
        permissions: [],
      }),
      fc.array(
        fc.tuple(field, type).map(([one, other]) => ({ ...one, ...other })),
        { maxLength: 3 },
      ),
      fc.option(fc.uuid()),
    )
    .map(([values, fields, name]) => ({ fields, ...values, ...(name === null ? {} : { name: `T ${name}` }) })),
  User: fc
    .tuple(
      spoiled({
        first_name: 'Odd',
        last_name: null,
        new_password: 'corr3ct-horse-battery',
        enabled: 1,
        roles: [{ role: 'System Manager' }],
        user_image: '',
        language: 'en',
      }),
      code,
    )
    .map(([values, email]) => ({ email: `${email}@example.com`, ...values })),
  Role: spoiled({ role_name: 'Odd Role', desk_access: 1, disabled: 0 }),
  'User Permission': spoiled({ user: 'nobody@example.com', allow: 'Odd', for_value: 'O-1', apply_to_all_doctypes: 1, is_default: 0 }),
  'OAuth Client': spoiled({
    app_name: 'Odd',
    scopes: 'openid all',
    redirect_uris: 'https://app.example/callback',
    default_redirect_uri: 'https://app.example/callback',
    kind: 'web',
    grant_type: 'Authorization Code',
    response_type: 'Code',
    required_scopes: '',
    optional_scopes: '',
    rotation_leeway: 10,
    allowed_roles: [{ role: 'All' }],
  }),
  'OAuth Bearer Token': oddWords(3),
  'Odd Row': row,
}

/** A request to the provider: `CLIENT` and `SECRET` stand for those of an app. */
export const oauthArguments: fc.Arbitrary<Arguments> = fc.oneof(
  spoiled(
    {
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: 'https://app.example/callback',
      client_id: 'CLIENT',
      client_secret: 'SECRET',
      code_verifier: 'x'.repeat(43),
    },
    fc.constant({}),
  ),
  spoiled(
    { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'CLIENT', client_secret: 'SECRET', scope: 'openid' },
    fc.constant({}),
  ),
  spoiled(
    {
      client_id: 'CLIENT',
      redirect_uri: 'https://app.example/callback',
      response_type: 'code',
      scope: 'openid',
      state: 's',
      nonce: 'n',
      prompt: '',
      max_age: '100',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      resource: '',
      id_token_hint: '',
    },
    fc.constant({}),
  ),
  spoiled({ token: 'x', token_type_hint: 'access_token', client_id: 'CLIENT', client_secret: 'SECRET' }, fc.constant({})),
  fc.dictionary(
    fc.constantFrom(
      'request',
      'request_uri',
      'signed_in_after',
      'id',
      'decision',
      'client_assertion',
      'response_mode',
      'client_id',
      'scope',
    ),
    oddText,
    { maxKeys: 5, noNullPrototype: true },
  ),
)

/** What the pages' own forms send. */
export const formArguments: fc.Arbitrary<Arguments> = fc.oneof(
  spoiled(
    {
      app_name: 'Odd',
      redirect_uris: 'https://app.example/callback',
      scopes: 'openid',
      required_scopes: '',
      optional_scopes: '',
      kind: 'web',
    },
    fc.constant({}),
  ),
  fc.dictionary(fc.constantFrom('usr', 'pwd', 'redirect-to', 'grant', 'id', 'scope', 'user', 'cmd', 'again', 'decision', 'sid'), oddText, {
    maxKeys: 5,
    noNullPrototype: true,
  }),
)
