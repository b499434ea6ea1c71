import { FrappeError, type Document } from '@annex/protocol'
import type { Answer } from '../../../http/exchange.ts'
import { appTexts } from '../../../pages/apps/app-texts.ts'
import { settingsPage, type SettingsView } from '../../../pages/apps/settings-page.ts'
import type { Person } from '../../../pages/layout.ts'
import { parseScopeSets } from '../../settings/scope-sets.ts'
import { SETTINGS } from '../../settings.ts'
import { textOf } from '../../text-of.ts'
import { SETTINGS_PAGE, type Act, type ConnectedAppsParts, type Request } from '../connected-app-paths.ts'
import { settingValues, shownSettings } from './settings-form.ts'

const DOCUMENT = { doctype: SETTINGS, name: SETTINGS }

/** The settings as they are now. */
export const showSettings: Act = async ({ caller, query }, person, { documents }) => {
  const document = await documents.read(caller, DOCUMENT)
  const notice = query.has('saved') ? appTexts.settings.saved : undefined
  const view = { modified: textOf(document['modified']), values: shownSettings(document), notice }
  return { page: pageOf(person, document, view) }
}

/** Saves what was typed, unless the settings are others than those that the page showed. */
export const saveSettings: Act = async (exchange, person, { documents }) => {
  const { caller, form = new URLSearchParams() } = exchange
  const [values, modified] = [shownSettings(form), form.get('modified') ?? '']
  try {
    // The document takes a change without `modified` as one that does not care; settings that were never saved have none.
    if (modified === '' && (await documents.read(caller, DOCUMENT))['modified'] !== null) throw stale()
    await documents.update(caller, { ...DOCUMENT, values: { ...settingValues(values), modified } })
    return { location: `${SETTINGS_PAGE}?saved=1` }
  } catch (error) {
    if (!(error instanceof FrappeError)) throw error
    return refused(error, exchange, person, { values, modified }, documents)
  }
}

const stale = (): FrappeError => new FrappeError('TimestampMismatchError', appTexts.settings.changed)

async function refused(
  error: FrappeError,
  { caller }: Request,
  person: Person,
  typed: Pick<SettingsView, 'values' | 'modified'>,
  documents: ConnectedAppsParts['documents'],
): Promise<Answer> {
  const why = error.excType === 'TimestampMismatchError' ? { isStale: true } : { error: error.message }
  return { status: error.status, page: pageOf(person, await documents.read(caller, DOCUMENT), { ...typed, ...why }) }
}

function pageOf(person: Person, document: Document, view: Omit<SettingsView, 'person' | 'action' | 'sets'>): string {
  const sets = [...parseScopeSets(document['scope_sets'])].map(([name, set]) => ({ name, ...set }))
  return settingsPage({ person, action: SETTINGS_PAGE, sets, ...view })
}
