import { engines } from '../../../tests/support/databases.ts'
import { catalogContract } from './contract/catalog.contract.ts'
import { dialectContract } from './contract/dialect.contract.ts'
import { keptQueriesContract } from './contract/kept-queries.contract.ts'
import { searchIndexContract } from './contract/search-index.contract.ts'
import { statementsContract } from './contract/statements.contract.ts'
import { transactionsContract } from './contract/transactions.contract.ts'

for (const engine of engines) {
  transactionsContract(engine)
  statementsContract(engine)
  dialectContract(engine)
  searchIndexContract(engine)
  catalogContract(engine)
  keptQueriesContract(engine)
}
