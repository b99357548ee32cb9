import { SwpError } from '../../core/error.js';
import { parseOrFaults } from '../../core/faults.js';
import { digestReference } from '../../plan/decision.js';

/**
 * Parses a digest that a person typed for `--plan` or `--manifest`, into the form that `namesDigest` takes.
 *
 * @throws SwpError `client/bad-digest`
 */
export const typedDigest = (subject: 'plan' | 'manifest', typed: string): string => {
  const parsed = parseOrFaults(digestReference(subject), typed);
  if ('data' in parsed) return parsed.data;
  throw new SwpError('usage', 'client/bad-digest', `--${subject} ${parsed.faults.map(({ message }) => message).join('; ')}.`);
};
