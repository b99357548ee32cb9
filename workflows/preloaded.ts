/**
 * Loads zod once for all workflows of a worker: it takes longer to initialize than everything else that a workflow
 * loads. The SDK freezes each module that it preloads with everything in it, and stops at objects that are already frozen.
 * zod sets its defaults when it builds its first schema, so this module builds one before the freeze. It also freezes the
 * list of zod's patterns, so that the SDK stops there: zod sets the `lastIndex` of a pattern before each use. Modules that
 * build schemas cannot be preloaded, because zod memoizes in each schema.
 */
import { z } from 'zod';
import { nearestName } from '../core/nearest.js';

nearestName('', []);
Object.freeze(z.regexes);
z.strictObject({ text: z.string() }).safeParse({});
