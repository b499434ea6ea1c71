import { Usage } from '../../../../packages/site/src/oauth/usage/usage.ts'

// Loaded into a site of the bench before its own code: what apps do is not counted there, so that counting can be
// measured by the difference. A site has no such switch.
Usage.prototype.call = () => undefined
Usage.prototype.used = () => undefined
Usage.prototype.secretUsed = () => undefined
