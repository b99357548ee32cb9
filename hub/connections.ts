import type { HubConfig } from './config.js';
import { openAgents } from './http.js';

export interface OwnConnections {
  readonly hub: HubConfig;
  /** Ends the connections; whatever still runs over them fails. */
  readonly close: () => void;
}

/** The Hub over new connections, which no other call uses: a bad one cannot spoil both readings of the same bytes. */
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
