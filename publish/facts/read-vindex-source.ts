import pMap from 'p-map';
import { filesToRead, describeSource, type SourceFile, type SourceModel } from '../../formats/vindex/source-model.js';
import type { Hub } from '../../hub/hub.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts } from '../../plan/facts.js';
import { allTensors, HeaderReader, HEADERS_IN_FLIGHT, NO_TENSORS, readConfig, readIndex } from './checkpoint-headers.js';

/** larql reads matrices that are one tensor each: 60 layers of 384 experts, each with three matrices, have 69,120. */
const MAX_TENSORS = 100_000;

export interface VindexSource {
  /** The files that larql reads, with the sizes and digests that the commit lists. */
  readonly files: readonly RepoFile[];
  /** The model, or the faults for which larql would refuse its config. */
  readonly described: { readonly model: SourceModel } | { readonly faults: readonly string[] };
}

/** Reads config, index and headers by range: the description that larql will see, before any weights are downloaded. */
export const readVindexSource = async (hub: Hub, source: SourceFacts, signal: AbortSignal): Promise<VindexSource> => {
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
