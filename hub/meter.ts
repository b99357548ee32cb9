/** Receives transfer events for the metrics of a worker. */
export interface HubMeter {
  /** Counts payload bytes as they are sent; resent bytes count again. */
  sent(bytes: number): void;
  /** Counts payload bytes as they arrive. */
  received(bytes: number): void;
  /** Counts a part, or a whole small object, that the server has accepted. */
  partSent(): void;
  /** @param reason the code of the error that caused the retry */
  retried(reason: string): void;
}
