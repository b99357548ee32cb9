import { sleep } from '@temporalio/workflow';
import { publishEntry as original } from '../../workflows/publish-entry.js';

/** A change that forgot `patched()`: one more timer at the start. */
export const publishEntry: typeof original = async (input) => {
  await sleep('1 second');
  return original(input);
};

export { publishArtifact } from '../../workflows/publish-artifact.js';
