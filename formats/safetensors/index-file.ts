import { SwpError } from '../../core/error.js';
import { oneLine } from '../../core/text.js';
import { readJson } from './tokenizer.js';

export interface SafetensorsIndex {
  /** Tensor name → file in the same repository. */
  readonly weightMap: ReadonlyMap<string, string>;
}

const MAX_FILE_NAME = 255;

/** A file name from an index becomes part of a URL and of messages: it may name nothing outside the repository. */
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
      `The index names a file that it may not: ${oneLine(file, 120)} (for ${oneLine(tensor, 120)}).`,
    );
  return file;
};

/**
 * Parses `model.safetensors.index.json`.
 *
 * @throws SwpError of kind `integrity` for broken JSON, duplicate tensors, and names that leave the repository
 */
export const parseIndex = (text: string): SafetensorsIndex => {
  const reader = readJson(text);
  const weightMap = new Map<string, string>();
  let found = false;
  reader.object((key) => {
    if (key !== 'weight_map') {
      reader.skip();
      return;
    }
    found = true;
    reader.object((tensor) => weightMap.set(tensor, checkFile(reader.string(), tensor)));
  });
  reader.end();
  if (!found) throw new SwpError('integrity', 'formats/index-empty', 'The index has no weight_map.');
  return { weightMap };
};
