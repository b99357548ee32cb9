export type { Exchange, Fault, Intercept, Operation } from './operations.js';
export type { LocalHubOptions, TokenSpec } from './options.js';
export { type FaultRule, scriptFaults } from './script-faults.js';
export { type LocalHub, startLocalHub } from './start-local-hub.js';
