import { hash, randomBytes } from 'node:crypto'

/** 128 bits: without them nobody finds out what was hashed. */
export const newSalt = (): string => randomBytes(16).toString('hex')

/**
 * What stands in the chain for something that can be erased (a name, an address): who has it and its salt can prove
 * that it was this, and without the salt it says nothing.
 */
export const commitment = (salt: string, text: string): string => hash('sha256', `${salt}\n${text}`, 'hex')
