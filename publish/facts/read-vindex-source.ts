import pMap from 'p-map';
import { filesToRead, describeSource, type SourceFile, type SourceModel } from '../../formats/vindex/source-model.js';
import type { HubConfig } from '../../hub/config.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';
import { allTensors, HeaderReader, HEADERS_IN_FLIGHT, NO_TENSORS, readConfig, readIndex } from './checkpoint-headers.js';

/** larql reads matrices of one tensor: 60 layers of 384 experts with three each are 69,120. */
const MAX_TENSORS = 100_000;

export interface VindexSource {
  /** The files that larql reads, as the commit lists them. */
  readonly files: readonly RepoFile[];
  /** The model, or what larql would refuse its config for. */
  readonly described: { readonly model: SourceModel } | { readonly faults: readonly string[] };
}

/** Reads config, index and headers by range: what larql will see, before a byte of its weights is downloaded. */
export const readVindexSource = async (hub: HubConfig, source: SourceFacts, signal: AbortSignal): Promise<VindexSource> => {
  const config = await readConfig(hub, source, signal);
  const index = await readIndex(hub, source, NO_TENSORS, signal);
  const read = new Set(
    filesToRead(
      source.files.map(({ path }) => path),
      index?.files,
    ),
  );
  const files = source.files.filter(({ path }) => read.has(path));
  const headers = new HeaderReader(hub, source, allTensors(MAX_TENSORS), signal);
  const described = await pMap(
    files,
    async (file): Promise<SourceFile> =>
      file.path.endsWith('.safetensors')
        ? { path: file.path, size: file.size, tensors: (await headers.read(file)).header.tensors }
        : { path: file.path, size: file.size },
    { concurrency: HEADERS_IN_FLIGHT, signal },
  );
  return { files, described: describeSource(config, described) };
};
