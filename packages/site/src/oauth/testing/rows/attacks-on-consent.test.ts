import { consentRows } from './consent-rows.fixture.ts'
import { requestRows } from './request-rows.fixture.ts'
import { testRows } from './attack-row.fixture.ts'

testRows('an attack on the authorization request', requestRows)
testRows('an attack on consent and sign-in', consentRows)
