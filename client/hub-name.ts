import type { HubConfig } from '../hub/hub-config.js';

const DEFAULT_ORIGIN = 'https://huggingface.co';

/** Formats the Hub for messages. A Hub other than the default gets its address and the variable that selects it. */
export const hubName = ({ endpoint }: Pick<HubConfig, 'endpoint'>): string =>
  endpoint.origin === DEFAULT_ORIGIN ? endpoint.host : `Hub ${endpoint.origin} (HF_ENDPOINT)`;
