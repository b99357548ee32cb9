/** Told what goes over the wire, for whoever watches a worker. */
export interface HubMeter {
  /** Payload bytes as they leave; bytes that have to go out again count again. */
  sent(bytes: number): void;
  /** Payload bytes as they arrive. */
  received(bytes: number): void;
  /** A part, or a whole small object, that the far end has taken. */
  partSent(): void;
  /** @param reason the code of the error after which a call is tried again */
  retried(reason: string): void;
}
