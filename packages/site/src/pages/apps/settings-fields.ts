import type { AppField, AppFieldGroup } from './app-fields.ts'

/** Every field of the DocType OAuth Settings, as its page shows it. */
export const SETTING_GROUPS: readonly AppFieldGroup[] = [
  {
    title: 'Programs at all',
    fields: [
      {
        name: 'api_access',
        label: 'Calls by programs',
        hint: 'Off is for an emergency: people still sign in, and connections stay as they are until it is on again.',
        kind: ['On', 'Off'],
        words: { On: 'On: tokens and API keys are accepted', Off: 'Off: every token and API key is refused' },
      },
    ],
  },
  {
    title: 'How much programs may ask',
    fields: [
      {
        name: 'requests_per_second',
        label: 'Requests a second',
        hint: 'Of one app and of one user; an app may have a limit of its own. 0: no limit.',
        kind: 'number',
      },
      {
        name: 'concurrent_requests',
        label: 'Requests at a time',
        hint: 'Of one app and of one user; an app may have a limit of its own. 0: no limit.',
        kind: 'number',
      },
    ],
  },
  {
    title: 'Apps that register themselves',
    fields: [
      {
        name: 'dynamic_registration',
        label: 'Who may register an app by program',
        kind: ['Off', 'After Approval', 'Open'],
        words: {
          Off: 'Nobody: System Managers register apps',
          'After Approval': 'Anybody, and a System Manager approves each app before its first use',
          Open: 'Anybody, and the app can be used at once',
        },
      },
      {
        name: 'registration_scopes',
        label: 'Rights that such an app may ask for',
        hint: 'Separated by spaces or lines. The rights all and * only when they are named here.',
        kind: 'lines',
      },
      { name: 'registrations_per_hour', label: 'Registrations an hour', hint: 'From one address. 0: none.', kind: 'number' },
      {
        name: 'unused_registration_days',
        label: 'Days after which one that nobody uses is removed',
        hint: '0: never.',
        kind: 'number',
      },
    ],
  },
  {
    title: 'What is pointed out',
    fields: [
      { name: 'secret_age_days', label: 'A secret is old after', hint: 'Days, 1 to 3650.', kind: 'number' },
      { name: 'unused_right_days', label: 'A right is unused after', hint: 'Days, 1 to 3650.', kind: 'number' },
    ],
  },
  {
    title: 'Keys and the trail',
    fields: [
      {
        name: 'signing_key_days',
        label: 'The signing key is changed after',
        hint: 'Days. 0: by command alone.',
        kind: 'number',
      },
      {
        name: 'audit_days',
        label: 'The trail is kept for',
        hint: 'Days. 0: for ever. What is older is removed by the hour and cannot be read again.',
        kind: 'number',
      },
    ],
  },
  {
    title: 'Sets of rights',
    fields: [
      {
        name: 'scope_sets',
        label: 'Sets',
        hint: 'What apps may ask for under one name, set:NAME, such as {"sales": {"title": "Sales", "scopes": ["Customer:read"]}}.',
        kind: 'lines',
      },
    ],
  },
]

export const SETTING_FIELDS: readonly AppField[] = SETTING_GROUPS.flatMap(({ fields }) => fields)
