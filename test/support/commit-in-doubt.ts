import { afterAll, beforeAll, beforeEach } from 'vitest';
import { targetId } from '../../contract/names.js';
import { scriptFaults, type FaultRule } from '../../dev/hub/index.js';
import { scheduledSteps } from './steps.js';
import { TestEnvironment } from './test-environment.js';

/** Injects this fault into the first commit request. */
export const faultCommit = ({ hub }: TestEnvironment, fault: FaultRule['fault']): void =>
  void hub.on(scriptFaults([{ operation: 'commit', fault }]).intercept);

/** Makes lookups of the target fail from the first commit request on, so that the outcome of the commit stays unknown. */
const hideTarget = (testEnvironment: TestEnvironment, status: number): (() => void) =>
  testEnvironment.hub.on(({ operation, repo }) => {
    const isLookup = operation === 'model-info' || operation === 'commits';
    const isHidden =
      isLookup && repo?.toLowerCase() === testEnvironment.target.toLowerCase() && testEnvironment.requestsOf('commit').length > 0;
    return isHidden ? { kind: 'status', status, body: '{"error":"Invalid username or password."}' } : undefined;
  });

/** Starts a publish and approves its plan. */
export const startApproved = async (testEnvironment: TestEnvironment): Promise<void> => {
  await testEnvironment.start();
  await testEnvironment.approve();
};

/** Starts a publish whose commit was applied, and which is paused because its lookup failed; `show` ends the failure. */
export const pauseInDoubt = async (testEnvironment: TestEnvironment): Promise<{ readonly show: () => void }> => {
  faultCommit(testEnvironment, { kind: 'apply-then-status', status: 401, body: '{"error":"Invalid username or password."}' });
  const show = hideTarget(testEnvironment, 401);
  await startApproved(testEnvironment);
  await testEnvironment.untilTarget('needs-attention');
  return { show };
};

/** A test environment for all tests of a file about commits in doubt, with a separate source and target for each test. */
export const useCommitsInDoubt = (name: string) => {
  let testEnvironment: TestEnvironment;
  beforeAll(async () => {
    testEnvironment = await TestEnvironment.open(name);
  });
  beforeEach(() => testEnvironment.renew());
  afterAll(() => testEnvironment.close());
  return {
    testEnvironment: () => testEnvironment,
    resolve: (action: string) => testEnvironment.targetHandle().executeUpdate('resolve', { args: [{ action }] }),
    head: () => testEnvironment.hub.admin.head(testEnvironment.target),
    stepsOfTarget: () => scheduledSteps(testEnvironment.temporal, targetId(testEnvironment.target)),
  };
};
