import type { Method } from '../../backend/method.ts'
import { linkMethods } from './client/link-methods.ts'
import { readMethods } from './client/read-methods.ts'
import { renameMethods } from './client/rename-methods.ts'
import { writeMethods } from './client/write-methods.ts'
import { definitionMethods } from './desk/definition-methods.ts'
import { formMethods } from './desk/form-methods.ts'
import { reportMethods } from './desk/report-methods.ts'
import { roleMethods } from './role-methods.ts'
import { searchMethods } from './search-methods.ts'
import type { SiteKnown } from './site-known.ts'
import { siteMethods } from './site-methods.ts'

/** Every whitelisted function of this room. */
export const apiMethods = (site: SiteKnown): readonly Method[] => [
  ...readMethods,
  ...writeMethods,
  ...linkMethods(site),
  ...renameMethods,
  ...searchMethods,
  ...reportMethods,
  ...definitionMethods(site),
  ...formMethods(site),
  ...roleMethods,
  ...siteMethods(site),
]
