/** What is behind the two letters of a token, code or device code and the version of its key, and behind the prefix of a secret. */
const SECRETS = /((?<![A-Za-z0-9])(?:at|rt|ac|dc)[0-9a-z]_|annex_cs_|whsec_)[A-Za-z0-9_+/=-]{43,}/g

/**
 * A text without the tokens and secrets in it: of each its kind is left. For whatever repeats what a caller sent, who may have put
 * a token where a name should stand.
 */
export const concealed = (text: string): string => text.replaceAll(SECRETS, '$1…')
