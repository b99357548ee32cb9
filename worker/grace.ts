/**
 * How long a worker that was told to stop lets its steps go on, in seconds. On a high-memory host long enough for a
 * part in flight to end; the units in `deploy/systemd/` wait longer before they kill.
 */
export const GRACE_SECONDS = { control: 5, highmem: 60 } as const;
