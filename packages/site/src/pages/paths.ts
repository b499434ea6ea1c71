/** Where the pages are; forms post to the page that shows them unless a view says otherwise. */
export const paths = {
  home: '/app',
  signIn: '/login',
  signOut: '/logout',
  myApps: '/my-apps',
  connectedApps: '/connected-apps',
  apiDocs: '/api/docs',
  openApi: '/api/openapi.json',
} as const
