import type { HubConfig } from '../hub/config.js';

const USUAL = 'https://huggingface.co';

/** The Hub as messages name it: any but the usual one with its address, and with the variable that chose it. */
export const hubName = ({ endpoint }: Pick<HubConfig, 'endpoint'>): string =>
  endpoint.origin === USUAL ? endpoint.host : `Hub ${endpoint.origin} (HF_ENDPOINT)`;
