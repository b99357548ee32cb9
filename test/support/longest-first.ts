import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { secondsOf } from './tiers.js';

/** Starts the longest files first, so that none of them runs alone at the end. Files of equal duration keep the order of Vitest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the method of a sequencer, not of an array
    const bySize = await super.sort(files);
    const seconds = ({ project, moduleId }: TestSpecification): number => secondsOf(relative(project.config.root, moduleId));
    // Tests that wait for servers go first: they wait while other tests compute.
    const isServerless = ({ project }: TestSpecification): boolean => project.name !== 'temporal';
    return bySize.toSorted((a, b) => Number(isServerless(a)) - Number(isServerless(b)) || seconds(b) - seconds(a));
  }
}
