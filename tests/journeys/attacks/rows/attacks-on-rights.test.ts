import { testRowsOn } from '../../../../packages/site/src/oauth/testing/rows/attack-row.fixture.ts'
import { fenceRows, otherWritingRows } from './fence-rows.fixture.ts'
import { elsewhereRows, linkRows } from './link-rows.fixture.ts'
import { noMethodRows, rightRows } from './right-rows.fixture.ts'
import { tradingGround } from './trading.fixture.ts'

testRowsOn(tradingGround, 'an attack on what a token may do', [...rightRows, ...noMethodRows])
testRowsOn(tradingGround, 'an attack on what stands behind links', [...linkRows, ...elsewhereRows])
testRowsOn(tradingGround, 'an attack on the fence', [...fenceRows, ...otherWritingRows])
