'use client'
import { createContext, useContext, useMemo, type ReactElement, type ReactNode } from 'react'
import { englishTexts, type LinkTexts } from './link-texts.ts'

/** What all link fields below have in common. */
export interface LinkProviderProps {
  /** Where the connector's paths stand in this app; `/connect` when absent. */
  readonly base?: string
  /** Asks the app; the browser's own `fetch` when absent. */
  readonly fetch?: typeof fetch
  /** Texts in the app's language; English for those left out. */
  readonly texts?: Partial<LinkTexts>
  readonly children: ReactNode
}

interface LinkSettings {
  readonly base: string
  readonly fetch: typeof fetch
  readonly texts: LinkTexts
}

const usual: LinkSettings = { base: '/connect', fetch: (input, init) => globalThis.fetch(input, init), texts: englishTexts }
const Settings = createContext(usual)

/** Tells the link fields below where to ask and what to say. Needed only where the usual settings do not fit. */
export function LinkProvider({ base = usual.base, fetch = usual.fetch, texts, children }: LinkProviderProps): ReactElement {
  const settings = useMemo(() => ({ base: base.replace(/\/+$/, ''), fetch, texts: { ...englishTexts, ...texts } }), [base, fetch, texts])
  return <Settings.Provider value={settings}>{children}</Settings.Provider>
}

export const useLinkSettings = (): LinkSettings => useContext(Settings)
