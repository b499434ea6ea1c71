const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ', amp: '&' }

/** Markup as a person reads it, on one line. */
export function plainText(markup: unknown): string {
  if (typeof markup !== 'string') return ''
  const text = markup.replaceAll(/<[^<>]*>/g, ' ').replaceAll(/&(lt|gt|quot|#39|nbsp|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
  return text.replaceAll(/\s+/g, ' ').trim()
}
