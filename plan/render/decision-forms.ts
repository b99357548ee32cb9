import type { Digest } from '../../core/ids.js';

/** Puts the digest on its own line, without prefix: the Web UI shows 65 characters and does not scroll code. */
const form = (subject: 'plan' | 'manifest', digest: Digest, verdict: 'approve' | 'reject'): string =>
  `\`\`\`json\n{\n"${subject}":\n"${digest.replace(/^sha256:/, '')}",\n"verdict": "${verdict}",\n"reviewer": "your Hub account"\n}\n\`\`\``;

/** Returns the exact JSON to paste into the forms of Signal `review` and Update `decide`: one to approve, one to reject. */
export const decisionForms = (subject: 'plan' | 'manifest', digest: Digest): string =>
  `${form(subject, digest, 'approve')}\n\n${form(subject, digest, 'reject')}`;
