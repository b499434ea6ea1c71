import { openRecorded } from './recorded-site.ts'
import { upstreamSuite } from './upstream-suite.ts'

upstreamSuite('the recordings of a Frappe 15', new Set(), openRecorded)
