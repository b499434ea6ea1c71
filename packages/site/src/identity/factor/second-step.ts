import { setUpFactorPage } from '../../pages/account/set-up-factor-page.ts'
import { signInCodePage } from '../../pages/account/sign-in-code-page.ts'
import { paths } from '../../pages/paths.ts'
import type { CodeWanted, SignIn } from '../sign-in.ts'

interface SecondStepParts {
  readonly signIn: Pick<SignIn, 'setUp'>
  /** The site's own origin. */
  readonly issuer: () => string
}

/** Where a person goes on whose password, or whose word of another site, was right: a code, or first the secret that codes are made from. */
export async function secondStepPage({ signIn, issuer }: SecondStepParts, wanted: CodeWanted, redirectTo: string): Promise<string> {
  const { pending, mustSetUp } = wanted
  if (!mustSetUp) return signInCodePage({ pending, redirectTo })
  return setUpFactorPage({ pending, redirectTo, enrolment: await signIn.setUp(pending, new URL(issuer()).host) })
}

/** The same for programs, in Frappe's shape. No secret is told there: a person sets up their factor on the page. */
export const secondStepJson = ({ pending, mustSetUp }: CodeWanted, issuer: string): object => ({
  verification: {
    method: 'OTP App',
    setup: !mustSetUp,
    ...(mustSetUp ? { prompt: `A second factor must be set up first: sign in at ${issuer}${paths.signIn} with a browser` } : {}),
  },
  tmp_id: pending,
})
