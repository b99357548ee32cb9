import type { Route } from '../http/router.js';
import { accountRoutes } from './account.js';
import { collectionRoutes } from './collections.js';
import { commitRoutes } from './commit.js';
import { duplicateLfsRoutes } from './duplicate-lfs.js';
import { historyRoutes } from './history.js';
import { lfsBatchRoutes } from './lfs-batch.js';
import { lfsStorageRoutes } from './lfs-storage.js';
import { listModelsRoutes } from './list-models.js';
import { modelInfoRoutes } from './model-info.js';
import { pageRoutes } from './pages.js';
import { preuploadRoutes } from './preupload.js';
import { repoLifecycleRoutes } from './repo-lifecycle.js';
import { resolveRoutes } from './resolve.js';
import { treeRoutes } from './tree.js';

/** Routes of the hub's own origin. */
export const hubRoutes: readonly Route[] = [
  ...accountRoutes,
  ...repoLifecycleRoutes,
  ...listModelsRoutes,
  ...modelInfoRoutes,
  ...treeRoutes,
  ...historyRoutes,
  ...preuploadRoutes,
  ...lfsBatchRoutes,
  ...lfsStorageRoutes,
  ...duplicateLfsRoutes,
  ...commitRoutes,
  ...collectionRoutes,
  ...resolveRoutes,
  ...pageRoutes,
];
