// Next writes scripts into its pages, and the link field styles: hence 'unsafe-inline'. The refresher of `next dev` evaluates.
const scripts = process.env.NODE_ENV === 'development' ? "'self' 'unsafe-inline' 'unsafe-eval'" : "'self' 'unsafe-inline'"
const csp = `default-src 'self'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'`

/** @type {import('next').NextConfig} */
export default {
  // They bring a binary, or open databases: Node loads them as they are. The connector is bundled: its link field has to use the React of Next.
  serverExternalPackages: ['better-sqlite3', '@annex/database'],
  // Pages of the app's own: this file lies where the app begins.
  turbopack: { root: import.meta.dirname },
  // The connector's answers bring their own.
  headers: async () => [
    {
      source: '/((?!connect/).*)',
      headers: [
        { key: 'content-security-policy', value: csp },
        { key: 'x-content-type-options', value: 'nosniff' },
      ],
    },
    { source: '/', headers: [{ key: 'cache-control', value: 'no-store' }] },
  ],
}
