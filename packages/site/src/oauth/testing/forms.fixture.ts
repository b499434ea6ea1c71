import type { Reply } from './app.fixture.ts'

/** The CSRF token that a page's forms carry. */
export const csrfOf = (page: Reply): string => /name="csrf_token" value="([^"]*)"/.exec(page.text)?.[1] ?? ''

/** The fields of the form that posts there, as a browser sends them. */
export function fieldsOf(page: Reply, action: string): Record<string, string> {
  const form =
    [...page.text.matchAll(/<form\b[\s\S]*?<\/form>/g)].map(([text]) => text).find((text) => text.includes(`action="${action}"`)) ?? ''
  const fields: Record<string, string> = {}
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1] ?? ''
    if (!tag.includes('type="checkbox"') || /\schecked\b/.test(tag)) fields[name] = /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? ''
  }
  for (const [, name = '', text = ''] of form.matchAll(/<textarea[^>]*?\bname="([^"]*)"[^>]*>\n?([\s\S]*?)<\/textarea>/g))
    fields[name] = unescaped(text)
  for (const [, name = '', options = ''] of form.matchAll(/<select[^>]*?\bname="([^"]*)"[^>]*>([\s\S]*?)<\/select>/g))
    fields[name] = /value="([^"]*)"\s+selected/.exec(options)?.[1] ?? ''
  return fields
}

const unescaped = (text: string): string => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
