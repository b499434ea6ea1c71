import type { SealedTable } from '../../../doctypes/tables/sealed-table-store.ts'
import { PASSWORD_VALUES } from '../../../documents/secrets/password-values.ts'
import { FACTOR_SECRETS } from '../../../identity/factor/factor-secrets.ts'
import { EVENT_SECRETS } from '../../telling/event-secrets.ts'

/** Everything that a sealer of this site has sealed. */
export const SEALED_TABLES: readonly SealedTable[] = [PASSWORD_VALUES, FACTOR_SECRETS, EVENT_SECRETS]
