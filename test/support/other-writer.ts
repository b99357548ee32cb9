import type { TestEnvironment } from './test-environment.js';

/** Commits a file to the target as another writer. */
export const commitAsOther = (testEnvironment: TestEnvironment, path: string): Promise<unknown> =>
  testEnvironment.hub.admin.commitFiles(testEnvironment.target, new Map([[path, new TextEncoder().encode('not ours')]]), {
    message: 'Somebody else',
  });

/** Creates the target, and lets another writer commit `stranger.txt` to it while our first commit request is held. */
export const moveTargetAtCommit = async (testEnvironment: TestEnvironment): Promise<void> => {
  await testEnvironment.hub.admin.createRepo(testEnvironment.target);
  await commitAsOther(testEnvironment, 'first.txt');
  let held = false;
  testEnvironment.hub.on(({ operation }) => {
    if (operation !== 'commit' || held) return undefined;
    held = true;
    return { kind: 'hold', until: commitAsOther(testEnvironment, 'stranger.txt').then(() => undefined) };
  });
};
