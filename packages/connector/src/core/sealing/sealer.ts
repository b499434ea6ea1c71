/** Seals what is stored, so that it opens nothing without the app's configuration. */
export interface Sealer {
  /** `place` says what the value belongs to; a value moved to another place does not open. */
  seal(text: string, place: string): Promise<string>
  /** Undefined when the value was altered, belongs elsewhere, or was sealed with a key that is not in the ring. */
  open(sealed: string, place: string): Promise<string | undefined>
  /** False when it was sealed with an older key. */
  isCurrent(sealed: string): boolean
}
