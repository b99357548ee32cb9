/**
 * Loads zod once for all workflows of a worker: it takes longer to initialize than everything else that a workflow
 * loads. The SDK freezes what it preloads, down to what is frozen already. So a schema is built here: zod sets its
 * defaults with the first one. And the module of its patterns is frozen, not the patterns: zod sets the `lastIndex` of
 * one before each use. Modules that build schemas cannot be preloaded, because zod memoizes in each schema.
 */
import { z } from 'zod';
import { nearestName } from '../core/nearest.js';

nearestName('', []);
Object.freeze(z.regexes);
z.strictObject({ text: z.string() }).safeParse({});
