import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute and more: one that began last would run on alone. A file that is not here is as long as its text. */
const LONGEST = [
  'docs/walkthrough.test.ts',
  'worker/hosts.test.ts',
  'worker/kill.test.ts',
  'workflows/move.test.ts',
  'workflows/vindex.test.ts',
  'upgrade/upgrade.test.ts',
  'workflows/faults.test.ts',
  'browser/web-ui.test.ts',
  'worker/kill-vindex.test.ts',
  'sweep/vindex.test.ts',
  'client/campaign.test.ts',
  'client/offline/verify-rebuild-vindex.test.ts',
  'client/github-publish.test.ts',
  'client/decide.test.ts',
  'formats/decode.test.ts',
];

/** A clean checkout has no record of how long its files took; this needs none. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- of a sequencer, not of an array
    const bySize = await super.sort(files);
    const place = ({ project, moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(`${project.config.root}/test`, moduleId));
      return at === -1 ? LONGEST.length : at;
    };
    // What waits for servers first: beside what computes, its waiting costs nothing.
    const turn = ({ project }: TestSpecification): number => (project.name === 'temporal' ? 0 : 1);
    return bySize.toSorted((a, b) => turn(a) - turn(b) || place(a) - place(b));
  }
}
