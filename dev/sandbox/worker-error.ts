import { z } from 'zod';
import { ERROR_KINDS, SwpError } from '../../core/error.js';

/** The last line that a failing `swp --json` prints. */
const Reported = z.object({
  error: z.object({ code: z.string(), kind: z.enum(ERROR_KINDS), message: z.string(), hint: z.string().optional() }),
});

const parseReported = (line: string): z.infer<typeof Reported>['error'][] => {
  try {
    const parsed = Reported.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data.error] : [];
  } catch {
    return [];
  }
};

/** Explains why a worker ended before it polled, from the output of `swp --json worker`: with the worker's own error, if it has one. */
export const workerError = (role: string, code: number, output: string): SwpError => {
  const reported = output.split('\n').flatMap(parseReported).at(-1);
  if (reported === undefined)
    return new SwpError('unavailable', 'dev/worker-ended', `The ${role} worker ended with code ${code}: ${output.slice(-500).trim()}`);
  const { kind, message, hint } = reported;
  return new SwpError(kind, reported.code, `The ${role} worker does not start. ${message}`, hint === undefined ? {} : { hint });
};
