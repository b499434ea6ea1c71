import { Chain } from '../../../../packages/site/src/audit/chain/chain.ts'

// Loaded into a site of the bench before its own code: rows of the trail are written there and never sealed, so that sealing
// can be measured by the difference. A site has no such switch.
Chain.prototype.wake = () => undefined
