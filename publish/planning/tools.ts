import { swpVersion } from '../../core/version.js';

/** Returns the programs that make an artifact, with their versions. Plan and card show them; the provenance records them. */
export const swpTools = (): Readonly<Record<string, string>> => ({ swp: swpVersion() });
