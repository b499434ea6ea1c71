/** Where the pages are; forms post to the page that shows them unless a view says otherwise. */
export const paths = {
  home: '/app',
  signIn: '/login',
  /** Followed by the name of a Social Login Key. */
  socialSignIn: '/login/social',
  signOut: '/logout',
  account: '/account',
  factor: '/account/factor',
  /** Where Frappe's links of this kind lead. */
  setPassword: '/update-password',
  resetLink: '/reset-link',
  forgotPassword: '/forgot-password',
  device: '/device',
  myApps: '/my-apps',
  connectedApps: '/connected-apps',
  explain: '/explain',
  apiDocs: '/api/docs',
  openApi: '/api/openapi.json',
} as const
