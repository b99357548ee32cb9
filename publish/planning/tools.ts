import { swpVersion } from '../../core/version.js';

/** The programs that make an artifact, with their versions: shown in plan and card, recorded in provenance. */
export const swpTools = (): Readonly<Record<string, string>> => ({ swp: swpVersion() });
