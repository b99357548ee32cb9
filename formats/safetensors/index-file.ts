import { SwpError } from '../../core/error.js';
import { sanitizeLine } from '../../core/text.js';
import { readMembers, type Parsing } from './json-members.js';

export interface SafetensorsIndex {
  /** Name → file in the same repository, for the tensors that `keep` selected. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** Every file that the index names. */
  readonly files: ReadonlySet<string>;
}

const MAX_FILE_NAME = 255;
/** The Hub allows this many files in a folder; the largest published checkpoints have a few hundred. */
const MAX_FILES = 10_000;

/** Checks a file name from an index, which becomes part of a URL and of messages: it must stay inside the repository. */
const checkFile = (file: string, tensor: string): string => {
  const parts = file.split('/');
  const bad =
    file.length > MAX_FILE_NAME ||
    /[\u0000-\u001f\u007f\\:?#%]/.test(file) ||
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    !file.endsWith('.safetensors');
  if (bad)
    throw new SwpError(
      'integrity',
      'formats/index-file-name',
      `The index names an invalid file: ${sanitizeLine(file, 120)} (for ${sanitizeLine(tensor, 120)}).`,
    );
  return file;
};

/**
 * Parses `model.safetensors.index.json` while its bytes arrive, and keeps the tensors that `keep` selects.
 *
 * @throws SwpError of kind `integrity` for broken JSON, duplicate tensors, and names that leave the repository
 */
export const openIndex = (keep: (tensor: string) => boolean): Parsing<SafetensorsIndex> => {
  const weightMap = new Map<string, string>();
  const files = new Set<string>();
  const members = readMembers((tensor, reader) => {
    const file = checkFile(reader.string(), tensor);
    return () => {
      files.add(file);
      if (files.size > MAX_FILES) throw new SwpError('integrity', 'formats/index-files', `The index names more than ${MAX_FILES} files.`);
      if (keep(tensor)) weightMap.set(tensor, file);
    };
  }, 'weight_map');
  return {
    feed: (bytes) => members.feed(bytes),
    end: () => {
      members.end();
      return { weightMap, files };
    },
  };
};
