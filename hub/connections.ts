import type { HubConfig } from './config.js';
import { openAgents } from './http.js';

export interface OwnConnections {
  readonly hub: HubConfig;
  /** Closes the connections; a call that still uses them fails. */
  readonly close: () => void;
}

/**
 * Returns the Hub with new connections that no other call uses: one faulty connection cannot affect both reads of the
 * same bytes.
 */
export const withOwnConnections = (hub: HubConfig): OwnConnections => {
  const agents = openAgents();
  return {
    hub: { ...hub, agents },
    close: () => {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
};
