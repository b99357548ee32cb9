import type { Digest } from '../../core/ids.js';

/** A digest has its own line, without prefix: the Web UI shows 65 characters and scrolls no code. */
const form = (subject: 'plan' | 'manifest', digest: Digest, verdict: 'approve' | 'reject'): string =>
  `\`\`\`json\n{\n"${subject}":\n"${digest.replace(/^sha256:/, '')}",\n"verdict": "${verdict}",\n"reviewer": "your Hub account"\n}\n\`\`\``;

/** The exact JSON to paste into the forms of Signal `review` and Update `decide`: one that approves, one that rejects. */
export const decisionForms = (subject: 'plan' | 'manifest', digest: Digest): string =>
  `${form(subject, digest, 'approve')}\n\n${form(subject, digest, 'reject')}`;
