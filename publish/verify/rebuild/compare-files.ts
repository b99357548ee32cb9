import { compareBytes } from '../../../core/text.js';
import { DOWN_META } from '../../../formats/vindex/file-names.js';
import { INDEX_FILE } from '../../../formats/vindex/index-json.js';
import { sha256Of } from '../../../core/digests.js';
import type { ManifestFile } from '../../../plan/manifest.js';
import type { BuildEnvironment } from '../../../plan/provenance.js';
import type { FileDigest, RebuiltFile } from './result.js';

const digestOf = (file: ManifestFile | undefined): FileDigest | null =>
  file === undefined ? null : { size: file.size, sha256: file.sha256 };

const verdictOf = (published: FileDigest | null, rebuilt: FileDigest | null): RebuiltFile['verdict'] => {
  if (published === null) return 'missing';
  if (rebuilt === null) return 'unexpected';
  return published.size === rebuilt.size && published.sha256 === rebuilt.sha256 ? 'equal' : 'differs';
};

/** Compares published and rebuilt files. Returns every file of either, ordered by path. */
export const compareFiles = (published: readonly ManifestFile[], rebuilt: readonly ManifestFile[]): RebuiltFile[] => {
  const left = new Map(published.map((file) => [file.path, file]));
  const right = new Map(rebuilt.map((file) => [file.path, file]));
  return [...new Set([...left.keys(), ...right.keys()])].toSorted(compareBytes).map((path) => {
    const [was, is] = [digestOf(left.get(path)), digestOf(right.get(path))];
    return { path, verdict: verdictOf(was, is), published: was, rebuilt: is };
  });
};

/**
 * Returns true if only `down_meta.bin` differs and has the same size. `index.json` contains the checksum of
 * `down_meta.bin`, so it may differ in that checksum only.
 *
 * @param index text of the rebuilt `index.json`
 */
export const differsOnlyInDownMeta = (files: readonly RebuiltFile[], index: string): boolean => {
  const [downMeta, written] = [DOWN_META, INDEX_FILE].map((path) => files.find((file) => file.path === path));
  const others = files.filter((file) => file !== downMeta && file !== written);
  const [was, is] = [downMeta?.published, downMeta?.rebuilt];
  if (others.some(({ verdict }) => verdict !== 'equal') || was === undefined || was === null || is === undefined || is === null)
    return false;
  return (
    downMeta?.verdict === 'differs' &&
    was.size === is.size &&
    written?.published?.sha256 === sha256Of(index.replaceAll(is.sha256, was.sha256))
  );
};

/** Returns true if CPU and BLAS are known to be the same. An unknown BLAS never counts as the same. */
export const sameEnvironment = (recorded: BuildEnvironment | null, here: BuildEnvironment | null): boolean =>
  recorded !== null && here !== null && recorded.cpu === here.cpu && recorded.blas !== null && recorded.blas.sha256 === here.blas?.sha256;
