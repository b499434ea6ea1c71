/** The first that fits: later ones name earlier ones too. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** A few words for a User-Agent header, the same over its versions: `Firefox on Linux`. What says nothing of itself is `Another program`. */
export function browserFamily(userAgent: unknown): string {
  if (typeof userAgent !== 'string') return 'Another program'
  const family = firstOf(FAMILIES, userAgent)
  const system = firstOf(SYSTEMS, userAgent)
  return [family ?? 'Another program', system].filter((part) => part !== undefined).join(' on ')
}

const firstOf = (list: typeof FAMILIES, text: string): string | undefined => list.find(([pattern]) => pattern.test(text))?.[1]
