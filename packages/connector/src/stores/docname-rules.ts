import { sha256 } from '../core/sealing/base64.ts'
import type { KeptDocname } from './connector-store.ts'

/** Whether a sight is of an older state than the one that is kept. One that did not say is older than any that did. */
export const isOlder = (row: KeptDocname, kept: KeptDocname): boolean => row.modified < kept.modified

/** A search may have filters of any length, the key of a row may not. */
export const shortSource = async (source: string): Promise<string> => (source.length <= 200 ? source : `sha256:${await sha256(source)}`)
