import { z } from 'zod';

/** Why a publish is paused, and what a person can do. */
export const Problem = z.strictObject({
  step: z.string(),
  code: z.string(),
  reason: z.string(),
  hint: z.string().nullable(),
});
export type Problem = z.infer<typeof Problem>;
