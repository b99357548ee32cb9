import { expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { decide, openApproval } from '../../plan/approval.js';
import { entryDetails } from '../../workflows/details.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);

const detailsOf = (message: Record<string, unknown>): string =>
  entryDetails('building', {
    plan: null,
    approval: decide(openApproval({ round: 1, plan: PLAN, deadline: 10 }), { plan: PLAN, verdict: 'approve', ...message }, 5).approval,
    trouble: null,
    waitingFor: [],
    notes: [],
  });

it('the details of a publish say who decided, and how that is known', () => {
  expect(detailsOf({ reviewer: 'alice', identity: 'hub', note: 'fine' })).toContain(
    'Round 1 was approved by alice &#40;Hub account&#41;: fine',
  );
});

it('the name of a reviewer brings no image into them', () => {
  expect(detailsOf({ reviewer: '![](http://example.org/x.png)' })).not.toMatch(/!\[|:\/\//);
});
