import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { shortDigest } from '../../plan/decision.js';
import { publishId, targetId } from '../../contract/names.js';
import { TestEnvironment } from '../support/test-environment.js';
import { findChromium } from './chromium.js';
import { WebUi } from './web-ui.js';

const TIMEOUT_MS = 120_000;
const chromium = await findChromium(process.env);
if (chromium === null) {
  const hint = 'install it (Debian: apt-get install chromium), or set SWP_CHROMIUM to its path.';
  if (process.env['SWP_BROWSER'] === 'required') throw new Error(`There is no Chromium for the tests of the Web UI: ${hint}`);
  process.stderr.write(`The tests of the Web UI are skipped because there is no Chromium: ${hint}\n`);
}

let ui: WebUi;
let testEnvironment: TestEnvironment;
beforeAll(async () => {
  if (chromium !== null) ui = await WebUi.open(chromium, inject('temporalUi'));
}, TIMEOUT_MS);
afterAll(() => ui?.close());
beforeEach(async () => {
  testEnvironment = await TestEnvironment.open('web-ui');
});
afterEach(() => testEnvironment.close());

/** Elements that untrusted text must never become. */
const MARKUP = 'img, script, a[href^="javascript:"], a[href*="images.invalid"]';

const runOf = async (id: string): Promise<string> => (await testEnvironment.temporal.client.workflow.getHandle(id).describe()).runId;
const openPublish = async (): Promise<void> =>
  ui.workflow(publishId(testEnvironment.entry().name), await runOf(publishId(testEnvironment.entry().name)));
const openTarget = async (tab?: Parameters<WebUi['workflow']>[2]): Promise<void> =>
  ui.workflow(targetId(testEnvironment.target), await runOf(targetId(testEnvironment.target)), tab);

/** Number of paused steps that no longer run: a pause does not end the running attempt. */
const pausedSteps = async (): Promise<number> => {
  const { raw } = await testEnvironment.targetHandle().describe();
  return (raw.pendingActivities ?? []).filter(({ paused, attempt }) => paused === true && (attempt ?? 1) > 1).length;
};

// The page is not ours, and its browser shares a small machine: a test may fail once and run again.
describe.skipIf(chromium === null)('a person in the Web UI', { retry: 2 }, () => {
  it(
    'finds a waiting publish, reads its plan and approves it with the signal form',
    async () => {
      await testEnvironment.start();
      const { digest } = await testEnvironment.planOf();
      const link = ui.page.getByRole('link', { name: publishId(testEnvironment.entry().name) }).first();
      // The list may lag a moment behind.
      await expect
        .poll(
          async () => {
            await ui.list(`SwpStage="awaiting-approval" AND SwpEntry="${testEnvironment.entry().name}"`);
            return link.waitFor({ timeout: 8_000 }).then(
              () => 'listed',
              () => 'not listed',
            );
          },
          { timeout: 60_000 },
        )
        .toBe('listed');
      await ui.shot('pending');
      await link.click();
      await ui.page.getByText('User Metadata', { exact: true }).first().click();
      const details = await ui.details('Waiting for a decision: read the plan below, then approve or reject it.');
      await details.getByText(digest.replace('sha256:', '')).first().waitFor();
      await details.getByRole('cell', { name: 'mtp.safetensors' }).waitFor();
      await ui.shot('plan');
      await ui.send('Signal', 'review', { plan: digest, verdict: 'approve', reviewer: 'ada' });
      expect(await testEnvironment.result()).toMatchObject({
        outcome: 'published',
        artifacts: [{ result: { receipt: { reviewer: 'ada' } } }],
      });
    },
    TIMEOUT_MS,
  );

  it(
    'sees why the update form rejects a wrong digest, and approves with the right one',
    async () => {
      await testEnvironment.start();
      const { digest } = await testEnvironment.planOf();
      await openPublish();
      await ui.details('Waiting for a decision: read');
      const form = await ui.send('Update', 'decide', { plan: 'f'.repeat(32), verdict: 'approve', reviewer: 'ada' });
      await form
        .getByText(`Round 1 needs a decision about plan ${shortDigest(digest)}, not about ${'f'.repeat(32)}`)
        .first()
        .waitFor();
      await ui.shot('approve');
      await ui.type(form, { plan: digest, verdict: 'approve', reviewer: 'ada', note: 'right this time' });
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it(
    'reads why a publish is paused and how to resume it, and retries it',
    async () => {
      let isQuotaExceeded = true;
      testEnvironment.hub.on(({ operation }) =>
        isQuotaExceeded && operation === 'commit'
          ? { kind: 'status', status: 403, body: '{"error":"Private storage quota exceeded"}' }
          : undefined,
      );
      await testEnvironment.start();
      await testEnvironment.approve();
      await testEnvironment.untilTarget('needs-attention');
      await openTarget();
      const details = await ui.details('Paused: needs a decision.');
      await details.getByText(/quota/i).first().waitFor();
      await details.getByText('"action": "retry"').waitFor();
      await ui.shot('paused');
      isQuotaExceeded = false;
      await ui.send('Update', 'resolve', { action: 'retry' });
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it(
    'releases a sealed artifact with the update form',
    async () => {
      await testEnvironment.start(undefined, [], { reviewArtifacts: true });
      await testEnvironment.approve();
      await testEnvironment.untilTarget('awaiting-release');
      await openTarget();
      const details = await ui.details('Waiting for a decision: inspect the sealed files');
      const manifest = /"manifest":\s+"([0-9a-f]{64})"/.exec(await details.locator('body').innerText())?.[1];
      await ui.send('Update', 'decide', { manifest, verdict: 'approve', reviewer: 'eve' });
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it(
    'sees the summary of each step',
    async () => {
      await testEnvironment.start();
      await testEnvironment.approve();
      await testEnvironment.result();
      await openTarget('history');
      for (const step of ['build', 'upload to', 'commit to'])
        await ui.page.getByText(`${step} ${testEnvironment.target}`).first().waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'pauses a running step and resumes it',
    async () => {
      let thaw = (): void => undefined;
      const until = new Promise<void>((resolve) => (thaw = resolve));
      testEnvironment.hub.on(({ operation }) => (operation === 'lfs-batch' ? { kind: 'hold', until } : undefined));
      await testEnvironment.start();
      await testEnvironment.approve();
      await testEnvironment.untilTarget('uploading');
      await openTarget('pending-activities');
      await ui.confirm('Pause');
      await expect.poll(pausedSteps, { timeout: 60_000 }).toBe(1);
      thaw();
      expect(await testEnvironment.hub.admin.listCommits(testEnvironment.target)).toHaveLength(1);
      await openTarget('pending-activities');
      await ui.confirm('Unpause');
      expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    },
    TIMEOUT_MS,
  );

  it(
    'sees untrusted text without markup, images or outside requests',
    async () => {
      const hostilePath = '![x](a.png) <img src="b.png"> [y](javascript:alert(1)).txt';
      const reviewer = '![eve](http://images.invalid/a.png) <img src="http://images.invalid/b.png">';
      await testEnvironment.hub.admin.createRepo(testEnvironment.target);
      await testEnvironment.hub.admin.commitFiles(testEnvironment.target, new Map([[hostilePath, Buffer.from('x')]]), {
        message: 'A stranger',
      });
      await testEnvironment.start();
      const { digest } = await testEnvironment.planOf();
      await openPublish();
      const plan = await ui.details('Waiting for a decision: read');
      await plan.getByText('javascript:alert(1)').first().waitFor();
      expect(await plan.locator(MARKUP).count()).toBe(0);
      await testEnvironment.handle().executeUpdate('decide', { args: [{ plan: digest, verdict: 'approve', reviewer }] });
      await testEnvironment.result();
      await openPublish();
      const end = await ui.details('images.invalid');
      expect(await end.locator(MARKUP).count()).toBe(0);
      expect(ui.outside).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
