import { expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { decide, openApproval } from '../../plan/approval.js';
import { entryDetails, targetDetails } from '../../workflows/details.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);

const detailsOf = (message: Record<string, unknown>): string =>
  entryDetails('building', {
    plan: null,
    approval: decide(openApproval({ round: 1, plan: PLAN, deadline: 10 }), { plan: PLAN, verdict: 'approve', ...message }, 5).approval,
    problem: null,
    paused: [],
    waitingFor: [],
    notes: [],
  });

it('the details of a publish name the reviewer and the source of that name', () => {
  expect(detailsOf({ reviewer: 'alice', identity: 'hub', note: 'fine' })).toContain(
    'Round 1: approved by alice &#40;Hub account&#41;: fine',
  );
});

const PROBLEM = { step: 'building', code: 'larql/none', kind: 'not-found' as const, reason: 'there is none', hint: null };
const target = (over: { readonly problem?: typeof PROBLEM; readonly host?: string; readonly previousHost?: string }): string =>
  targetDetails('building', 'acme/x', { problem: null, note: null, host: null, previousHost: null, ...over });

it('the details of a target explain how to move it off a host that never comes back', () => {
  expect(target({ host: 'ab12' })).toMatch(
    /Runs on host `ab12`. If this host does not come back, move to another one with Update `resolve`:\s+```json\s+\{\s+"action": "move"/,
  );
  expect(target({ previousHost: 'ab12' })).toContain('Moved away from host `ab12`. Waiting for another high-memory worker to claim it.');
});

it('the details of a paused target offer a move only when it is on a host', () => {
  expect(target({ problem: PROBLEM, host: 'ab12' })).toMatch(/"retry"[^]*"move"[^]*"abandon"/);
  expect(target({ problem: PROBLEM })).not.toContain('"move"');
});

it('the details of a publish show the problem, the remedy and the workflow of a paused target', () => {
  const details = entryDetails('needs-attention', {
    plan: null,
    approval: null,
    problem: null,
    paused: [{ workflow: 'target/acme/x', problem: { ...PROBLEM, hint: 'Install one.' } }],
    waitingFor: [],
    notes: [],
  });
  expect(details).toContain('**building** failed: there is none');
  expect(details).toContain('What to do: Install one.');
  expect(details).toMatch(/Update `resolve` to workflow `target\/acme\/x`/);
});

it('the name of a reviewer adds no image or link to the details', () => {
  expect(detailsOf({ reviewer: '![](http://example.org/x.png)' })).not.toMatch(/!\[|:\/\//);
});
