import { testRows } from './attack-row.fixture.ts'
import { codeAndProofRows } from './code-rows.fixture.ts'
import { refreshRows } from './refresh-rows.fixture.ts'
import { registrationRows } from './registration-rows.fixture.ts'
import { tokenUseRows } from './token-use-rows.fixture.ts'
import { tokenRequestRows } from './token-request-rows.fixture.ts'

testRows('an attack on codes and their proof', codeAndProofRows)
testRows('an attack on the token endpoint', tokenRequestRows)
testRows('an attack on refresh', refreshRows)
testRows('an attack on revocation, introspection and use', tokenUseRows)
testRows('an attack on registration', registrationRows)
