/**
 * Loads zod once for all workflows of a worker: it takes longer to initialize than everything else that a workflow
 * loads. The SDK freezes what it preloads, so a schema is built here: zod sets its defaults with the first one. Modules
 * that build schemas cannot be preloaded, because zod memoizes in each schema.
 */
import { z } from 'zod';
import { nearestName } from '../core/nearest.js';

nearestName('', []);
z.strictObject({ text: z.string() }).safeParse({});
