import { readMtpSource } from '../../publish/facts/read-mtp-source.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import type { MtpSelection } from '../../formats/mtp/selection.js';
import type { Hub } from '../../hub/hub.js';
import type { SourceFacts } from '../../plan/facts.js';
import type { Context } from '../context.js';
import { openSource, sourceHub } from '../open-source.js';

export interface MtpSource {
  readonly hub: Hub;
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
}

/** Reads the contents of a repository's sidecar from headers, index and config, as plans do. */
export const openMtpSource = async (text: string, names: MtpNames, { env, signal }: Context): Promise<MtpSource> => {
  const hub = sourceHub(env);
  const { source } = await openSource(hub, text, signal);
  return { hub, source, selection: await readMtpSource(hub, source, names, signal) };
};
