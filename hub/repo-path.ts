import type { CollectionSlug, RepoId } from '../core/ids.js';

/** The name of a repository or a collection as a path of a URL: both parts escaped, the slash between them kept. */
export const repoPath = (name: RepoId | CollectionSlug): string => name.split('/').map(encodeURIComponent).join('/');
