import { keptInsert } from '@annex/database'
import type { AuditRow } from './audit-tables.ts'

export const insertAuditRows = keptInsert<AuditRow>('audit', [
  'id',
  'at',
  'event',
  'person',
  'about',
  'client',
  'grant_id',
  'incident',
  'count',
  'address',
  'detail',
  'ip',
  'salt',
  'batch',
])
