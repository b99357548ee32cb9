import { plural, truncateList } from '../core/text.js';
import { blocked, warn, type Check } from './checks.js';

/** Extensions of programs and scripts, and of documents that may hold one. */
const CODE =
  /\.(?:py|pyc|pyd|pyx|ipynb|whl|egg|sh|bash|zsh|fish|bat|cmd|ps1|exe|dll|so|dylib|node|wasm|js|mjs|cjs|ts|rb|pl|php|lua|jl|r|jar|class|go|rs|c|cc|cpp|cu|h|hpp|html?|svg)$/i;
/**
 * Extensions of formats whose readers may run code from the file: pickles, and archives that hold pickles or similar
 * data.
 */
const PICKLE = /\.(?:bin|pt|pth|ckpt|pkl|pickle|dill|joblib|npy|npz|h5|hdf5|keras|pb|t7|mar|nemo|msgpack)$/i;
const GGUF = /\.gguf$/i;

const found = (paths: Iterable<string>, pattern: RegExp): string[] => [...paths].filter((path) => pattern.test(path));

/** Warns about code files, which a loader of the repository may run. */
export const checkCode = (paths: Iterable<string>): Check[] => {
  const code = found(paths, CODE);
  if (code.length === 0) return [];
  return [
    warn(
      'code-files',
      `${plural(code.length, 'code file')}: ${truncateList(code)}. A loader that sets trust_remote_code runs such code.`,
      'Read the code before you approve.',
    ),
  ];
};

/** Warns about files whose formats may run code when they are read. */
export const checkPickles = (paths: Iterable<string>): Check[] => {
  const pickles = found(paths, PICKLE);
  if (pickles.length === 0) return [];
  return [
    warn(
      'pickle-files',
      `${plural(pickles.length, 'file')} in a format that may run code when it is loaded, such as pickle: ${truncateList(pickles)}.`,
      'Mirror a repository that has only safetensors, or find out who made these files before you approve.',
    ),
  ];
};

/** Warns about GGUFs: Skulk's model store treats a repository with a GGUF as one of GGUFs (`store/model_store.py`). */
export const checkGguf = (paths: Iterable<string>): Check[] => {
  const gguf = found(paths, GGUF);
  if (gguf.length === 0) return [];
  return [
    warn(
      'gguf-files',
      `The target would hold ${truncateList(gguf)}. A consumer that prefers GGUF downloads only that file, and no other weights.`,
      'Keep GGUF files in a separate repository.',
    ),
  ];
};

interface SizedFile {
  readonly path: string;
  /** In bytes; absent or null if only the build determines it. */
  readonly size?: number | null | undefined;
}

const emptyOf = (files: readonly SizedFile[]): string[] => files.filter(({ size }) => size === 0).map(({ path }) => path);

/**
 * Checks for empty files. Skulk's store cannot download a repository that holds one (`assert content_length > 0`).
 *
 * @param written files that we write
 * @param foreign foreign files that stay in the target
 */
export const checkEmpty = (written: readonly SizedFile[], foreign: readonly SizedFile[]): Check[] => {
  const [ours, theirs] = [emptyOf(written), emptyOf(foreign)];
  const effect = 'Consumers cannot download a repository that holds an empty file.';
  return [
    ...(ours.length === 0
      ? []
      : [
          blocked(
            'empty-file',
            `${plural(ours.length, 'file')} would be empty: ${truncateList(ours)}. ${effect}`,
            'Publish from a source without empty files.',
          ),
        ]),
    ...(theirs.length === 0
      ? []
      : [
          warn(
            'empty-file',
            `${plural(theirs.length, 'file')} in the target ${theirs.length === 1 ? 'is' : 'are'} empty: ${truncateList(theirs)}. ${effect}`,
            'Delete the empty files in the target.',
          ),
        ]),
  ];
};
