import { openFake } from './fake-upstreams.ts'
import { upstreamSuite } from './upstream-suite.ts'

upstreamSuite('a fake Annex site', new Set(['scopes', 'repeats', 'answers to unrecorded requests', 'webhooks', 'events']), () =>
  openFake('annex'),
)
upstreamSuite('a fake Frappe 16', new Set(['answers to unrecorded requests', 'webhooks']), () => openFake('frappe-16'))
upstreamSuite('a fake Frappe 15', new Set(['repeats', 'answers to unrecorded requests', 'webhooks']), () => openFake('frappe-15'))
