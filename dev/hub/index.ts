export type { HubAdmin } from './admin.js';
export type { RequestRecord } from './http/requestLog.js';
export type { Exchange, Fault, Intercept, Operation } from './operations.js';
export type { LocalHubOptions, TokenSpec } from './options.js';
export { type FaultRule, type FaultScript, scriptFaults } from './scriptFaults.js';
export { type LocalHub, startLocalHub } from './startLocalHub.js';
