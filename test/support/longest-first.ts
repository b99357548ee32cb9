import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { secondsOf } from './tiers.js';

/** Begins the longest files first: one that began last would run on alone. A file whose seconds are not known is as long as its text. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- of a sequencer, not of an array
    const bySize = await super.sort(files);
    const seconds = ({ project, moduleId }: TestSpecification): number => secondsOf(relative(project.config.root, moduleId));
    // Tests that wait for servers go first: beside those that compute, their waiting costs nothing.
    const isServerless = ({ project }: TestSpecification): boolean => project.name !== 'temporal';
    return bySize.toSorted((a, b) => Number(isServerless(a)) - Number(isServerless(b)) || seconds(b) - seconds(a));
  }
}
