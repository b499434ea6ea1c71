/** A message as its courier gets it. */
export interface Message {
  /** The same at every attempt: who has seen it once need not heed it again. */
  readonly id: string
  readonly payload: Readonly<Record<string, unknown>>
  /** UTC microseconds: when it was written. */
  readonly created: number
}

export interface Call {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Turns a message of its kind into a call, at each attempt: it signs, and knows the receiver's address of this moment. */
export interface Courier {
  /** Undefined when nobody is to be told any more; the message is forgotten. */
  callFor(message: Message): Promise<Call | undefined>
}

/**
 * What became of one attempt: `arrived`; `void` (nobody is to be told any more); `refused` (the receiver is there and does
 * not take this message: others may go on); `unreached` (nothing would get through now); `gone` (it wants no more of them).
 */
export interface Attempt {
  readonly end: 'arrived' | 'void' | 'refused' | 'unreached' | 'gone'
  /** Why it did not arrive. */
  readonly error?: string
  /** Microseconds that the receiver asked to be left alone. */
  readonly retryAfter?: number
  /** Of ours, to be logged: no courier, or one that failed. */
  readonly fault?: unknown
}

/** Brings a message of its kind to its receiver by another way than HTTP. */
export interface Carrier {
  /** Takes less than the worker's lease. What it throws is the site's own fault. */
  carry(message: Message): Promise<Attempt>
}
