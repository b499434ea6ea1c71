/**
 * Text as comparisons that ignore case see it. Equal to what `Dialect.fold` computes on both engines.
 *
 * A final sigma becomes an ordinary one: whether it is final depends on what follows, so a part of a word would not match the word.
 */
export function foldText(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ')
}
