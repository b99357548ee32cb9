import { SwpError } from '../../core/error.js';
import { digestReference } from '../../plan/decision.js';

/**
 * A digest as a person typed it for `--plan` or `--manifest`, in the form that `namesDigest` takes.
 *
 * @throws SwpError `client/bad-digest`
 */
export const typedDigest = (subject: 'plan' | 'manifest', typed: string): string => {
  const parsed = digestReference(subject).safeParse(typed);
  if (parsed.success) return parsed.data;
  throw new SwpError('usage', 'client/bad-digest', `--${subject} ${parsed.error.issues.map(({ message }) => message).join('; ')}.`);
};
