import { compareBytes } from '../../../core/text.js';
import { parentDirectories, pathProblem } from '../paths.js';
import type { Tree, TreeEntry } from './commit-record.js';

export type TreeOperation =
  | { readonly kind: 'put'; readonly path: string; readonly entry: TreeEntry }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'delete-folder'; readonly path: string };

type AppliedTree =
  | { readonly kind: 'tree'; readonly tree: Tree }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'missing'; readonly path: string };

/** Applies a commit's operations in their order. Returns the new tree, sorted as git sorts paths, or the reason for a refusal. */
export const applyOperations = (before: Tree, operations: readonly TreeOperation[]): AppliedTree => {
  const tree = new Map(before);
  const written = new Set<string>();
  for (const operation of operations) {
    const path = operation.kind === 'delete-folder' ? operation.path.replace(/\/$/, '') : operation.path;
    const problem = pathProblem(path);
    if (problem !== undefined) return { kind: 'invalid', reason: `Invalid path "${path}": it ${problem}.` };
    if (operation.kind === 'put') {
      if (written.has(path)) return { kind: 'invalid', reason: `The file "${path}" is written twice in one commit.` };
      written.add(path);
      tree.set(path, operation.entry);
    } else if (operation.kind === 'delete') {
      if (!tree.delete(path)) return { kind: 'missing', path };
    } else {
      const inside = [...tree.keys()].filter((candidate) => candidate.startsWith(`${path}/`));
      if (inside.length === 0) return { kind: 'missing', path };
      for (const file of inside) tree.delete(file);
    }
  }
  for (const path of tree.keys()) {
    const file = parentDirectories(path).find((directory) => tree.has(directory));
    if (file !== undefined) return { kind: 'invalid', reason: `"${file}" cannot be a file and a folder at once.` };
  }
  return { kind: 'tree', tree: new Map([...tree].toSorted(([a], [b]) => compareBytes(a, b))) };
};
