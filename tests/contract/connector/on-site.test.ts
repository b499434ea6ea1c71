import { engines } from '../../support/databases.ts'
import { openSite } from './site-upstream.ts'
import { upstreamSuite } from './upstream-suite.ts'

for (const engine of engines)
  upstreamSuite(
    `the site of this repository on ${engine}`,
    new Set(['scopes', 'repeats', 'answers to unrecorded requests', 'events']),
    () => openSite(engine),
  )
