import type { Client } from '@temporalio/client';
import { SwpError } from '../core/error.js';
import { digestOf } from '../core/digests.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import type { publishEntry } from '../workflows/publish-entry.js';
import { publishId } from '../contract/names.js';
import { SwpEntry, SwpStage, SwpTargets } from '../contract/search-attributes.js';
import { artifactsOf } from '../catalog/artifacts.js';
import { repoKey, type Digest } from '../core/ids.js';
import type { PublishInput } from '../contract/results.js';

/** Returns the requested artifacts and the starter as Markdown for the Web UI. */
const startDetails = ({ entry: { entry }, only, startedBy, reviewArtifacts }: PublishInput): string => {
  const artifacts = artifactsOf(entry, only);
  return [
    ...artifacts.map(({ kind, source, target }) => `${kind}: ${codeSpan(source)} → ${codeSpan(target)}`),
    ...(startedBy === undefined ? [] : [`Started by ${escapeMarkdown(startedBy)} (self-reported).`]),
    ...(reviewArtifacts === true ? ['The sealed files wait for a second approval before the upload.'] : []),
  ].join('\n\n');
};

/**
 * Starts a publish, or attaches to the running one if its input is equal.
 *
 * @param findings digest of re-validation's findings, if they are the reason for this publish
 * @returns its run id
 * @throws SwpError `publish/other-input` if a publish with another input runs
 */
export const startPublish = async (client: Client, input: PublishInput, taskQueue: string, findings?: Digest): Promise<string> => {
  const { name, entry } = input.entry;
  // Two requests are equal even if different people or campaigns make them.
  const { startedBy: _startedBy, campaign: _campaign, ...request } = input;
  const inputDigest = digestOf(request);
  const handle = await client.workflow.start<typeof publishEntry>('publishEntry', {
    workflowId: publishId(name),
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: { input: inputDigest, ...(findings === undefined ? {} : { findings }) },
    typedSearchAttributes: [
      { key: SwpEntry, value: name },
      { key: SwpStage, value: 'planning' },
      { key: SwpTargets, value: artifactsOf(entry).map(({ target }) => repoKey(target)) },
    ],
    staticSummary: `Publish ${name}`,
    staticDetails: startDetails(input),
  });
  const { memo, runId } = await handle.describe();
  if (memo?.['input'] === inputDigest) return runId;
  throw new SwpError(
    'conflict',
    'publish/other-input',
    `A publish of ${name} already runs, for another version of the entry or for other artifacts.`,
    {
      hint: `Check it with \`swp status ${name}\`. To replace it, end it with \`swp cancel ${name}\`, then start again.`,
    },
  );
};
