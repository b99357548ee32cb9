import type { Route } from '../http/router.js';
import { accountRoutes } from './account.js';
import { collectionRoutes } from './collections.js';
import { commitRoutes } from './commit.js';
import { duplicateLfsRoutes } from './duplicateLfs.js';
import { historyRoutes } from './history.js';
import { lfsBatchRoutes } from './lfsBatch.js';
import { lfsStorageRoutes } from './lfsStorage.js';
import { listModelsRoutes } from './listModels.js';
import { modelInfoRoutes } from './modelInfo.js';
import { pageRoutes } from './pages.js';
import { preuploadRoutes } from './preupload.js';
import { repoLifecycleRoutes } from './repoLifecycle.js';
import { resolveRoutes } from './resolve.js';
import { treeRoutes } from './tree.js';

/** What the hub's own origin serves. */
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
