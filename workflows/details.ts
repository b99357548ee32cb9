import type { BuildReport } from '../contract/publish-activities.js';
import { formatBytes, plural } from '../core/text.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import { policyText, type Approval } from '../plan/approval.js';
import { decisionText } from '../plan/decision.js';
import type { Problem } from '../plan/problem.js';
import { decisionForms } from '../plan/render/decision-forms.js';
import type { Resolution } from '../contract/messages.js';
import type { Stage } from '../contract/stages.js';

const ADVICE: Record<Stage, string> = {
  planning: 'Reading source and target. No action needed.',
  'awaiting-approval': 'Waiting for a decision: read the plan below, then approve or reject it.',
  building: 'The high-memory host builds the payload. No action needed.',
  'awaiting-release': 'Waiting for a decision: inspect the sealed files, then approve or reject their upload.',
  uploading: 'Uploading files to the Hub. They are not visible there before the commit.',
  committing: 'One commit makes all files visible together.',
  verifying: 'Comparing the commit with the manifest, and reading bytes back.',
  collecting: 'Adding the target to its collection.',
  published: 'Done: the target holds what was approved.',
  collected: 'Done: the target is in its collection. Its files are unchanged.',
  unchanged: 'Nothing to do: the target already holds these files.',
  rejected: 'A reviewer rejected it. No commit was sent.',
  expired: 'No decision arrived in time. No commit was sent. Start the publish again to get a new plan.',
  abandoned: 'Ended early, by an abandon or a cancel.',
  failed: 'This publish failed. Its result has the reason.',
  'needs-attention': 'Paused: needs a decision.',
};

const actionForm = (action: Resolution['action']): string => `\`\`\`json\n{\n  "action": "${action}"\n}\n\`\`\``;

const problemText = (problem: Problem, actions: readonly Resolution['action'][], workflow?: string): string =>
  [
    `**${escapeMarkdown(problem.step)}** failed: ${escapeMarkdown(problem.reason, 1000)}`,
    ...(problem.hint === null ? [] : [`What to do: ${escapeMarkdown(problem.hint, 500)}`]),
    `${problem.hint === null ? 'Send' : 'Then send'} Update \`resolve\`${workflow === undefined ? '' : ` to workflow ${codeSpan(workflow)}`} with one of:`,
    ...actions.map(actionForm),
  ].join('\n\n');

const heading = (stage: Stage): string => `**${stage}**: ${ADVICE[stage]}`;

/** Stages in which an artifact depends on one host. */
const ON_HOST: ReadonlySet<Stage> = new Set(['building', 'uploading', 'committing', 'collecting']);

export interface TargetParts {
  readonly problem: Problem | null;
  /** Markdown from our own renderers, which escape it. */
  readonly note: string | null;
  readonly host: string | null;
  /** The host that the artifact left, until another host claims it; else null. */
  readonly previousHost: string | null;
}

const hostText = ({ host, previousHost }: TargetParts): string[] => {
  if (host !== null)
    return [
      `Runs on host ${codeSpan(host)}. If this host does not come back, move to another one with Update \`resolve\`:\n\n${actionForm('move')}`,
    ];
  return previousHost === null
    ? []
    : [`Moved away from host ${codeSpan(previousHost)}. Waiting for another high-memory worker to claim it.`];
};

/** Renders the current details of a target's workflow: its state, and the actions of a person. */
export const targetDetails = (stage: Stage, target: string, parts: TargetParts): string =>
  [
    heading(stage),
    `Target: ${codeSpan(target)}`,
    ...(ON_HOST.has(stage) ? hostText(parts) : []),
    ...(parts.note === null ? [] : [parts.note]),
    ...(parts.problem === null
      ? []
      : [problemText(parts.problem, parts.host === null ? ['retry', 'abandon'] : ['retry', 'move', 'abandon'])]),
  ].join('\n\n');

const formsOf = ({ plan, manifest }: Approval): string =>
  `Send Update \`decide\`, which answers, or Signal \`review\`, which does not:\n\n${manifest === null ? decisionForms('plan', plan) : decisionForms('manifest', manifest)}`;

/** Lists the approval rules, the approvals so far, and the refused messages with their reasons. */
const decisionLines = (approval: Approval): string[] => {
  const { policy, startedBy, approvals, refusals } = approval;
  const rule = policyText(policy, startedBy);
  return [
    ...(rule === null ? [] : [escapeMarkdown(rule)]),
    ...(approvals.length === 0
      ? []
      : [
          `${approvals.length} of ${plural(policy.required, 'approval')}: ${approvals.map((decision) => escapeMarkdown(decisionText(decision), 800)).join('; ')}`,
        ]),
    ...(refusals.length === 0 ? [] : [`Refused: ${refusals.map((text) => escapeMarkdown(text)).join('; ')}`]),
  ];
};

const deadlineText = ({ deadline }: Approval): string => `Waits for a decision until ${new Date(deadline).toISOString()}.`;

/** Describes the sealed files that wait for their release, with the forms for the decision. */
export const releaseDetails = (approval: Approval, sealed: BuildReport, host: string): string =>
  [
    `Sealed: ${plural(sealed.files, 'file')}, ${formatBytes(sealed.bytes)}, manifest ${codeSpan(sealed.manifestDigest)}. ${deadlineText(approval)}`,
    ...(sealed.sealedIn === undefined
      ? []
      : [`On host ${codeSpan(host)}, in ${sealed.sealedIn.map((path) => codeSpan(path)).join(' and ')}`]),
    formsOf(approval),
    ...decisionLines(approval),
  ].join('\n\n');

/** Renders the current details of an entry's workflow. `plan` and `notes` are Markdown that our own renderers escaped. */
export const entryDetails = (
  stage: Stage,
  parts: {
    readonly plan: string | null;
    readonly approval: Approval | null;
    readonly problem: Problem | null;
    /** Paused targets, each with the id of its workflow. */
    readonly paused: readonly { readonly workflow: string; readonly problem: Problem }[];
    readonly waitingFor: readonly string[];
    readonly notes: readonly string[];
  },
): string => {
  const { approval } = parts;
  const isOpen = stage === 'awaiting-approval' && approval !== null;
  return [
    heading(stage),
    ...(parts.waitingFor.length === 0
      ? []
      : [`Waiting for ${parts.waitingFor.map((id) => codeSpan(id)).join(', ')}, which writes the same target.`]),
    ...parts.notes,
    ...(parts.problem === null ? [] : [problemText(parts.problem, ['retry', 'abandon'])]),
    ...parts.paused.map(({ workflow, problem }) => problemText(problem, ['retry', 'abandon'], workflow)),
    ...(isOpen ? [`Round ${approval.round}. ${deadlineText(approval)}`, formsOf(approval), ...decisionLines(approval)] : []),
    ...(approval?.decision ? [`Round ${approval.round}: ${escapeMarkdown(decisionText(approval.decision), 800)}`] : []),
    ...(parts.plan === null ? [] : [parts.plan]),
  ].join('\n\n');
};
