import { invalid } from '@annex/protocol'
import { HTTP_METHODS, type Method } from '../../backend/method.ts'

/** The version of Frappe whose API is answered here. */
const FRAPPE_VERSION = '15.55.1'

const open = (name: string, guest: boolean, handler: Method['handler']): Method => ({
  name,
  httpMethods: HTTP_METHODS,
  guest,
  rights: 'open',
  handler,
})

/** What the site says of itself, and the functions that it knows and does not offer. */
export const siteMethods = ({ zone }: { readonly zone: string }): readonly Method[] => [
  ...['ping', 'frappe.ping'].map((name) => open(name, true, async () => 'pong')),
  ...['version', 'frappe.handler.version'].map((name) => open(name, true, async () => FRAPPE_VERSION)),
  open('frappe.client.get_time_zone', true, async () => ({ time_zone: zone })),
  open('frappe.utils.change_log.get_versions', false, async () => ({
    frappe: {
      title: 'Frappe Framework',
      description: 'The API of Frappe v15, answered by Annex',
      branch: 'version-15',
      version: FRAPPE_VERSION,
    },
  })),
  open('frappe.client.get_js', false, async () => {
    throw invalid('This site has no scripts to give out; ask for documents instead')
  }),
]
