/** What a name must not be: people would take the app for the site itself, or for its keeper. */
const RESERVED = new Set([
  'administrator',
  'admin',
  'annex',
  'erpnext',
  'frappe',
  'frappeframework',
  'guest',
  'system',
  'systemmanager',
  'root',
])
/** Controls, and characters that cannot be seen or turn the direction of what follows them. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029\u3164\ufff9-\ufffb]/u
/** Alphabets whose letters look alike: a word that mixes them imitates another. */
const LOOK_ALIKE = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]
const LONGEST = 140

/** Two names that people take for one have the same: letters and digits alone, however they are written. */
const foldedName = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')

/**
 * Why a program that registers itself may not have a name, as a sentence; undefined when it may.
 *
 * @param known - names of the apps that people registered
 */
export function nameFault(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return `client_name must have at most ${LONGEST} characters`
  if (UNSEEN.test(name)) return 'client_name must not hold characters that cannot be seen'
  const folded = foldedName(name)
  if (folded === '') return 'client_name must hold letters or digits'
  if (LOOK_ALIKE.filter((alphabet) => alphabet.test(name)).length > 1) return 'client_name must not mix alphabets whose letters look alike'
  if (RESERVED.has(folded)) return 'client_name must not be a name of this site or of its keepers'
  if (known.some((other) => foldedName(other) === folded)) return 'client_name is the name of another app of this site; choose your own'
  return undefined
}
