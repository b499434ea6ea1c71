import { nextConnector } from '@annex/connector/next'
import { openConnector } from '../../../connector.mjs'

export const { GET, POST, OPTIONS } = nextConnector(openConnector)
