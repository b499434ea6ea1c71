import { hash, randomUUID } from 'node:crypto'

/** 122 random bits: without them nobody finds out what was hashed. Node has those of a UUID from a pool, which costs a fortieth of asking for bytes. */
export const newSalt = (): string => randomUUID().replaceAll('-', '')

/**
 * What stands in the chain for something that can be erased (a name, an address): who has it and its salt can prove
 * that it was this, and without the salt it says nothing.
 */
export const commitment = (salt: string, text: string): string => hash('sha256', `${salt}\n${text}`, 'hex')
