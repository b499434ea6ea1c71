import type { Refusal } from './asking.ts'
import type { LinkItem } from '../core/docnames/shown-fields.ts'
import type { LinkState } from './link-state.ts'
import type { LinkTexts } from './link-texts.ts'
import type { LinkProblem, UseLinkResult } from './link-types.ts'

type Said = Pick<UseLinkResult, 'status' | 'stale' | 'staleSince' | 'problem'>

/** What is to be said of a link field as it stands. */
export function saidOf(state: LinkState, texts: LinkTexts): Said {
  const { phase, refusal, chosen, stale } = state
  const since = state.staleSince === undefined ? undefined : new Date(state.staleSince)
  const problem = phase === 'refused' && refusal !== undefined ? problemOf(refusal, texts) : undefined
  const said = {
    idle: '',
    searching: texts.searching,
    answered: `${stale ? `${texts.stale(since)} ` : ''}${foundOf(state, texts)}`,
    refused: problem?.message ?? '',
    chosen: chosen ? wordsOf(chosen) : '',
  }
  return { status: said[phase], stale, ...(since && { staleSince: since }), ...(problem && { problem }) }
}

const foundOf = ({ items, more }: LinkState, texts: LinkTexts): string =>
  items.length === 0 ? texts.none : texts.shown(items.length, more)

function problemOf({ status, message = '', url }: Refusal, texts: LinkTexts): LinkProblem {
  const link = url === undefined ? {} : { url, action: status === 401 ? texts.signIn : texts.ask }
  return { message: message || texts.unreachable, ...link }
}

/** What a docname stands for, in words; empty when they say no more than the docname. */
export const wordsOf = ({ value, label, description }: LinkItem): string =>
  [...new Set([label, description])].filter((part) => part !== '' && part !== value).join(', ')
