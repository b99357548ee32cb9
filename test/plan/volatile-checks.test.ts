import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../plan/facts.js';
import { volatileChecks } from '../../plan/volatile-checks.js';
import { rateThatFits } from '../../plan/upload-time.js';
import { plan, publishedTarget, SOURCE, sourceFacts, TARGET } from './fixtures.js';

const host = (over: Partial<HostFacts> = {}): HostFacts => ({
  host: 'h',
  availableDiskBytes: 1e12,
  sources: [{ repo: SOURCE, readable: true, reason: 'It can.' }],
  targets: [{ repo: TARGET, writable: 'yes', reason: 'It may.' }],
  ...over,
});
const verdicts = (over: Partial<HostFacts> = {}): string[] =>
  volatileChecks([plan()], host(over)).map(({ code, verdict }) => `${code} ${verdict}`);

describe('the volatile checks', () => {
  it('pass on a host with access and disk space', () => {
    expect(verdicts()).toEqual(['write-access ok', 'read-access ok', 'disk ok']);
  });

  it('compare names without regard to case, as the Hub does', () => {
    expect(verdicts({ targets: [{ repo: TARGET.toUpperCase(), writable: 'no', reason: 'No.' }] })).toContain('write-access blocked');
  });

  it.each([
    ['write-access warn', { targets: [{ repo: TARGET, writable: 'unknown' as const, reason: 'A fine-grained token.' }] }],
    ['write-access blocked', { targets: [{ repo: TARGET, writable: 'no' as const, reason: 'It only reads.' }] }],
    ['read-access blocked', { sources: [{ repo: SOURCE, readable: false, reason: 'It is gated.' }] }],
    ['disk blocked', { availableDiskBytes: plan().estimate.diskBytes - 1 }],
    ['memory blocked', { memoryBytes: plan().estimate.memoryBytes - 1 }],
    ['upload-time blocked', { uploadRate: rateThatFits(plan().estimate.outputBytes) - 1 }],
  ])('report %s', (expected, over) => expect(verdicts(over)).toContain(expected));

  it('accept a rate at which the upload ends in time for its commit', () => {
    const uploadRate = rateThatFits(plan().estimate.outputBytes);
    expect(verdicts({ uploadRate })).toEqual(verdicts());
  });

  it('give the hint of the host for a source that it cannot read', () => {
    const sources = [{ repo: SOURCE, readable: false, reason: 'The range is another.', hint: 'Look at the line.' }];
    expect(volatileChecks([plan()], host({ sources })).find(({ code }) => code === 'read-access')?.fix).toBe('Look at the line.');
  });

  it('name the rate that the upload needs', () => {
    const large = { ...plan(), estimate: { ...plan().estimate, outputBytes: 200e9 } };
    const slow = volatileChecks([large], host({ uploadRate: 1e6 }));
    expect(slow.find(({ code }) => code === 'upload-time')?.fix).toMatch(/at least 3\.09 MB\/s/);
  });

  it('report that no host answered, with the command that starts one', () => {
    expect(volatileChecks([plan()], null)).toMatchObject([
      { code: 'high-memory-host', verdict: 'blocked', fix: expect.stringContaining('swp worker highmem') },
    ]);
  });

  it('are empty when there is nothing to do', () => {
    expect(volatileChecks([plan({ target: publishedTarget(plan()) }), plan({ source: sourceFacts({ private: true }) })], null)).toEqual([]);
  });
});
