import { FrappeError, invalid, type DocType, type Right } from '@annex/protocol'
import type { Act } from '../premises.ts'

export type Step = Extract<Act, 'update' | 'submit' | 'update_after_submit' | 'cancel'>

/** What a step needs besides the right to write. */
export const STEP_RIGHTS: Readonly<Record<Step, Right | undefined>> = {
  update: undefined,
  submit: 'submit',
  update_after_submit: 'submit',
  cancel: 'cancel',
}

/** @throws {FrappeError} `ValidationError` for what is no docstatus */
export function parseDocstatus(value: unknown, otherwise: number): number {
  if (value === undefined || value === null || value === '') return otherwise
  const docstatus = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (docstatus === 0 || docstatus === 1 || docstatus === 2) return docstatus
  throw invalid('docstatus must be 0 (draft), 1 (submitted) or 2 (cancelled)')
}

/**
 * What a change from one docstatus to another is.
 *
 * @throws {FrappeError} `DocstatusTransitionError`, or `ValidationError` for a cancelled document
 */
export function stepOf(doctype: DocType, from: number, to: number): Step {
  if (from === 2) throw invalid(`A cancelled ${doctype.name} cannot be changed; amend it instead`)
  if (from === 0 && to === 0) return 'update'
  if (from === 0 && to === 1) return 'submit'
  if (from === 1 && to === 1) return 'update_after_submit'
  if (from === 1 && to === 2) return 'cancel'
  const way =
    from === 0
      ? 'A draft cannot be cancelled; remove it, or submit it first'
      : 'A submitted document cannot become a draft again; cancel and amend it'
  throw new FrappeError('DocstatusTransitionError', `${doctype.name}: ${way}`)
}
