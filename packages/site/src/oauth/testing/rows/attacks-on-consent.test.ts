import { testRows } from './attack-row.fixture.ts'
import { consentRows } from './consent-rows.fixture.ts'
import { deviceRows } from './device-rows.fixture.ts'
import { requestRows } from './request-rows.fixture.ts'
import { scopeRows } from './scope-rows.fixture.ts'

testRows('an attack on the authorization request', requestRows)
testRows('an attack on consent and sign-in', consentRows)
testRows('an attack on what was consented to, and on signing out', scopeRows)
testRows('an attack on devices', deviceRows)
