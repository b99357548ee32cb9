import type { CollectionSlug, RepoId } from '../core/ids.js';

/** Returns the name of a repository or a collection as a URL path: both parts are escaped, the slash stays. */
export const repoPath = (name: RepoId | CollectionSlug): string => name.split('/').map(encodeURIComponent).join('/');
