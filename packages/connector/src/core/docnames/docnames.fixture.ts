import { memoryStore } from '../../stores/memory.ts'
import type { DocnameStore } from '../../stores/connector-store.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestClock } from '../../testing/test-clock.ts'
import type { Docnames } from './docnames.ts'
import type { LinkOptions } from '../links/link-options.ts'
import type { Links } from '../links/link-search.ts'
import { ConfiguredLinks, openLinks } from '../links/open-links.ts'
import type { Fetch } from '../upstream/transport.ts'
import { UpstreamClient } from '../upstream/upstream-client.ts'

/** Documents at a fake site, and people of an app that keeps their names. */
export class NamesAtSite {
  readonly clock = new TestClock()
  readonly site = new FakeUpstream({ clock: this.clock })
  readonly store: DocnameStore = memoryStore().of('').docnames
  /** Names of what was logged. */
  readonly logged: string[] = []
  /** What every person has granted. */
  scopes: readonly string[] = ['all']
  readonly #configured: ConfiguredLinks

  constructor(options: LinkOptions = { Item: { searchFields: ['title'], label: 'title' } }) {
    this.#configured = new ConfiguredLinks(options, this.clock.now)
  }

  /** @param at the person's place among the users of the site */
  person(at = 0, send: Fetch = this.site.fetch): { readonly links: Links; readonly docnames: Docnames } {
    const { apiKey, name } = this.site.users[at]!
    return openLinks({
      connection: name,
      client: new UpstreamClient({ url: this.site.issuer, credentials: { apiKey }, fetch: send, retries: 0 }),
      store: this.store,
      configured: this.#configured,
      scopes: async () => this.scopes,
      limitsTokens: async () => true,
      clock: this.clock.now,
      log: (event) => this.logged.push(event),
    })
  }

  /** As another moment of the site. */
  set(name: string, title: string, further: Readonly<Record<string, unknown>> = {}): void {
    this.clock.advance(1000)
    this.site.documents.set('Item', { name, title, ...further })
  }

  /** What a Frappe says of a document that is there and not for this person. */
  saysIsThere(name: string): void {
    this.site.override = ({ path, query }) =>
      path.endsWith('frappe.client.validate_link') && query.get('docname') === name ? { json: { message: { name } } } : undefined
  }
}
