import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Digest } from '../../core/ids.js';
import { shortDigest } from '../../plan/decision.js';
import { parseProvenance } from '../../plan/provenance.js';
import { swp } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('decide-cli');
});
beforeEach(() => testEnvironment.renew());
afterAll(() => testEnvironment.close());

const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  swp(argv, { cwd: testEnvironment.directory, env: { ...testEnvironment.clientEnv(), ...env } });
const entry = (): string => testEnvironment.entry().name;

describe('swp approve', () => {
  it('records the account of the token, and shows it in status and plan', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const { code, out } = await run(['approve', entry(), '--plan', shortDigest(digest), '--note', 'fine']);
    expect([code, out]).toEqual([
      0,
      `Plan ${shortDigest(digest)} of ${entry()} approved as reader (name from your Hub token; not verified).\n`,
    ]);
    await testEnvironment.result();
    expect((await run(['status', entry()])).out).toMatch(
      /round 1 +approved by reader \(Hub account\): fine[\s\S]* {2}plan +sha256:.*, approved by reader \(Hub account\)/,
    );
    expect((await run(['plan', entry()])).out).toMatch(/\napproved by reader \(Hub account\): fine \(20.*Z\)\n$/);
    const provenance = parseProvenance(
      (await testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', 'provenance.json')).toString(),
    );
    expect(provenance.predicate.buildDefinition.internalParameters.decisions).toMatchObject([{ reviewer: 'reader', identity: 'hub' }]);
  });

  it('records a name given with --as without an identity', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const { code, out } = await run(['approve', entry(), '--plan', digest, '--as', 'ada', '--json']);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { entry: entry(), plan: digest, round: 1, verdict: 'approve', reviewer: 'ada', sent: 'answered', missing: 0 },
    ]);
    await testEnvironment.result();
    expect((await run(['status', entry()])).out).toMatch(/approved by ada$/m);
  });

  it('records the login without a token', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const { out, err } = await run(['reject', entry(), '--plan', digest, '--json'], { HF_TOKEN: '' });
    expect(JSON.parse(out)).toMatchObject({ reviewer: userInfo().username, identity: 'os' });
    expect(err).toBe('');
    await testEnvironment.result();
    expect((await run(['status', entry()])).out).toContain(`rejected by ${userInfo().username} (login)`);
  });

  it.each([
    ['does not answer', { HF_ENDPOINT: 'http://127.0.0.1:1' }, /ECONNREFUSED/],
    ['does not accept the token', { HF_TOKEN: 'hf_nobody' }, /does not accept your token/],
  ])('records the login when the Hub %s', async (_, env, why) => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const { code, out, err } = await run(['approve', entry(), '--plan', digest, '--json'], env);
    expect([code, JSON.parse(out)]).toMatchObject([0, { identity: 'os' }]);
    expect(err).toMatch(why);
    await testEnvironment.result();
  });

  it('gives up on a silent Hub after 3 s', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const { code, err } = await run(['approve', entry(), '--plan', digest], { HF_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(code).toBe(0);
    expect(err).toContain('the Hub did not answer within 3 s');
    await testEnvironment.result();
  });

  it('requires the full digest without a terminal', async () => {
    await testEnvironment.start();
    const { digest } = await testEnvironment.planOf();
    const without = await run(['approve', entry()]);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('needs the digest of the plan or manifest that you read')]);
    expect((await run(['approve', entry(), '--yes'])).code).toBe(2);
    const other = await run(['approve', entry(), '--plan', 'f'.repeat(32)]);
    expect([other.code, other.err]).toEqual([4, expect.stringMatching(/No plan f{32} waits for a decision: \S+ has plan [0-9a-f]{32}\./)]);
    expect((await run(['approve', entry(), '--manifest', digest])).err).toMatch(
      /No manifest \S+ waits for a decision: \S+ has plan [0-9a-f]{32}\./,
    );
    for (const subject of ['plan', 'manifest']) {
      const short = await run(['approve', entry(), `--${subject}`, digest.slice(0, 'sha256:'.length + 31)]);
      expect([short.code, short.err]).toEqual([
        2,
        expect.stringContaining(`--${subject} must be all 64 hex digits of the ${subject} digest`),
      ]);
    }
    expect((await testEnvironment.handle().describe()).status.name).toBe('RUNNING');
  });
});

describe('swp approve of a sealed manifest', () => {
  const sealed = async (): Promise<string> => {
    await writeFile(join(testEnvironment.directory, 'skulk-weights.yaml'), 'sources:\n  - name: test\n    path: catalog.yaml\n');
    await writeFile(join(testEnvironment.directory, 'catalog.yaml'), JSON.stringify({ models: [testEnvironment.entry().entry] }));
    const started = await run(['start', entry(), '--review-artifacts']);
    expect(started.code).toBe(8);
    await testEnvironment.approve();
    await testEnvironment.untilTarget('awaiting-release');
    const status = await run(['status', entry()]);
    expect(status.code).toBe(8);
    const [, manifest] = /manifest +(sha256:[0-9a-f]{64})/.exec(status.out) ?? [];
    expect(status.out).toMatch(
      new RegExp(
        `look at +/.*builds[\\s\\S]*swp approve ${entry()} --manifest ${manifest}\\n.*swp reject ${entry()} --manifest ${manifest}\\n`,
      ),
    );
    return manifest!;
  };

  it('releases it by its digest, which status shows', async () => {
    const manifest = await sealed();
    await expect.poll(async () => (await run(['pending'])).out, { timeout: 10_000 }).toContain('release of target/');
    const { code, out } = await run(['approve', entry(), '--manifest', manifest, '--note', 'looked']);
    expect([code, out]).toEqual([
      0,
      `Manifest ${shortDigest(Digest.parse(manifest))} of ${entry()} approved as reader (name from your Hub token; not verified).\n`,
    ]);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect((await run(['history', entry()])).out).toMatch(/reader \(Hub account\): looked/);
  });

  it('refuses another digest', async () => {
    const manifest = await sealed();
    const other = await run(['reject', entry(), '--manifest', 'f'.repeat(32)]);
    expect([other.code, other.err]).toEqual([
      4,
      expect.stringContaining(
        `No manifest ${'f'.repeat(32)} waits for a decision: ${entry()} has manifest ${shortDigest(Digest.parse(manifest))}.`,
      ),
    ]);
    expect((await run(['reject', entry(), '--manifest', manifest])).code).toBe(0);
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'rejected' });
  });
});
