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
  planning: 'Reading source and target. Nothing to do for you.',
  'awaiting-approval': 'A person decides: read the plan below.',
  building: 'The high-memory host builds the payload. Nothing to do for you.',
  'awaiting-release': 'A person looks at what was sealed, and releases it for upload.',
  uploading: 'Blobs go to the Hub; nothing is visible there yet.',
  committing: 'One commit makes everything visible at once.',
  verifying: 'The commit is compared as the Hub lists it, and samples of its bytes are read back.',
  filing: 'The target goes into its collection.',
  published: 'Done: the target holds what was approved.',
  filed: 'Done: the target is in its collection; its files stayed as they were.',
  unchanged: 'Nothing to do: the target already holds it.',
  rejected: 'A reviewer rejected it; no commit was sent.',
  expired: 'There was no decision in time; no commit was sent. Start again for a fresh plan.',
  abandoned: 'Ended early.',
  failed: 'This publish cannot go on; the reason is in its result.',
  'needs-attention': 'Paused: needs a decision.',
};

const actionForm = (action: Resolution['action']): string => `\`\`\`json\n{\n  "action": "${action}"\n}\n\`\`\``;

const problemText = (problem: Problem, actions: readonly Resolution['action'][], workflow?: string): string =>
  [
    `**${escapeMarkdown(problem.step)}** failed: ${escapeMarkdown(problem.reason, 1000)}`,
    ...(problem.hint === null ? [] : [`What to do: ${escapeMarkdown(problem.hint, 500)}`]),
    `Then send Update \`resolve\`${workflow === undefined ? '' : ` to workflow ${codeSpan(workflow)}`} with one of:`,
    ...actions.map(actionForm),
  ].join('\n\n');

const heading = (stage: Stage): string => `**${stage}**: ${ADVICE[stage]}`;

/** The stages in which an artifact waits for one host only. */
const ON_HOST: ReadonlySet<Stage> = new Set(['building', 'uploading', 'committing', 'filing']);

export interface TargetParts {
  readonly problem: Problem | null;
  /** Markdown of our own. */
  readonly note: string | null;
  readonly host: string | null;
  /** The host that it left, while no other has taken it. */
  readonly left: string | null;
}

const placeText = ({ host, left }: TargetParts): string[] => {
  if (host !== null) return [`On host ${codeSpan(host)}. If that never comes back, send Update \`resolve\`:\n\n${actionForm('move')}`];
  return left === null ? [] : [`It left host ${codeSpan(left)}: another high-memory worker has to take it.`];
};

/** Current details of a target's workflow: what happens, and what a person can do. */
export const targetDetails = (stage: Stage, target: string, parts: TargetParts): string =>
  [
    heading(stage),
    `Target: ${codeSpan(target)}`,
    ...(ON_HOST.has(stage) ? placeText(parts) : []),
    ...(parts.note === null ? [] : [parts.note]),
    ...(parts.problem === null
      ? []
      : [problemText(parts.problem, parts.host === null ? ['retry', 'abandon'] : ['retry', 'move', 'abandon'])]),
  ].join('\n\n');

const formsOf = ({ plan, manifest }: Approval): string =>
  `Send Update \`decide\` (it answers) or Signal \`review\`:\n\n${manifest === null ? decisionForms('plan', plan) : decisionForms('manifest', manifest)}`;

/** What was taken so far, and what was not and why. */
const decisionsSoFar = (approval: Approval): string[] => {
  const { policy, startedBy, approvals, refusals } = approval;
  const rule = policyText(policy, startedBy);
  return [
    ...(rule === null ? [] : [escapeMarkdown(rule)]),
    ...(approvals.length === 0
      ? []
      : [
          `${approvals.length} of ${policy.required}: ${approvals.map((decision) => escapeMarkdown(decisionText(decision), 800)).join('; ')}`,
        ]),
    ...(refusals.length === 0 ? [] : [`Not taken: ${refusals.map((text) => escapeMarkdown(text)).join('; ')}`]),
  ];
};

const waitsUntil = ({ deadline }: Approval): string => `until ${new Date(deadline).toISOString()}.`;

/** What a person looks at before it is released, and how that is said. */
export const releaseDetails = (approval: Approval, sealed: BuildReport, host: string): string =>
  [
    `Sealed: ${plural(sealed.files, 'file')}, ${formatBytes(sealed.bytes)}, manifest ${codeSpan(sealed.manifestDigest)}, ${waitsUntil(approval)}`,
    ...(sealed.sealedIn === undefined
      ? []
      : [`On host ${codeSpan(host)}, in ${sealed.sealedIn.map((path) => codeSpan(path)).join(' and ')}`]),
    formsOf(approval),
    ...decisionsSoFar(approval),
  ].join('\n\n');

/** Current details of an entry's workflow. `plan` and `notes` are Markdown that our own renderers escaped. */
export const entryDetails = (
  stage: Stage,
  parts: {
    readonly plan: string | null;
    readonly approval: Approval | null;
    readonly problem: Problem | null;
    /** Targets that are paused, by their workflows. */
    readonly paused: readonly { readonly workflow: string; readonly problem: Problem }[];
    readonly waitingFor: readonly string[];
    readonly notes: readonly string[];
  },
): string => {
  const { approval } = parts;
  const asks = stage === 'awaiting-approval' && approval !== null;
  return [
    heading(stage),
    ...(parts.waitingFor.length === 0
      ? []
      : [`Waiting for ${parts.waitingFor.map((id) => codeSpan(id)).join(', ')}, which writes the same target.`]),
    ...parts.notes,
    ...(parts.problem === null ? [] : [problemText(parts.problem, ['retry', 'abandon'])]),
    ...parts.paused.map(({ workflow, problem }) => problemText(problem, ['retry', 'abandon'], workflow)),
    ...(asks ? [`Round ${approval.round}, ${waitsUntil(approval)}`, formsOf(approval), ...decisionsSoFar(approval)] : []),
    ...(approval?.decision ? [`Round ${approval.round} was ${escapeMarkdown(decisionText(approval.decision), 800)}`] : []),
    ...(parts.plan === null ? [] : [parts.plan]),
  ].join('\n\n');
};
