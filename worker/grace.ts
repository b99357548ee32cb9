/**
 * Seconds that a stopping worker gives its steps. On a high-memory host they suffice for a part in flight to end. The units
 * in `deploy/systemd/` wait longer before they kill the process.
 */
export const GRACE_SECONDS = { control: 5, highmem: 60 } as const;
