import type { Document, Filter } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'

/** What is read of documents: a User's roles, those Roles, User Permissions with the trees they speak of, shares; and Social Login Keys. */
export interface DocumentReader {
  read(principal: Principal, id: { readonly doctype: string; readonly name: string }): Promise<Document>
  list(
    principal: Principal,
    request: {
      readonly doctype: string
      readonly fields: readonly string[]
      readonly filters: readonly Filter[]
      readonly orFilters?: readonly Filter[]
      readonly distinct?: boolean
      readonly orderBy?: string
      readonly limit: null
    },
  ): Promise<Record<string, unknown>[]>
}
