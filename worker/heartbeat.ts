/**
 * Longest throttling of heartbeats. A cancel reaches an activity with the answer to a heartbeat, and the SDK by default
 * throttles heartbeats for most of the heartbeat timeout: a person who cancels should not wait so long.
 */
export const HEARTBEAT_INTERVAL = '2s';
