/** Signs heads with a key that is not in the database. */
export interface Signer {
  sign(text: string): Signature
  /** Undefined when the key is none of this site's: it may have been taken out of its ring since. */
  verify(text: string, signature: Signature): boolean | undefined
}

export interface Signature {
  readonly keyId: string
  /** base64url */
  readonly signature: string
}
