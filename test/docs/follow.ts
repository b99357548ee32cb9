import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, type Document } from '../support/documents.js';
import { DocsSandbox } from './docs-sandbox.js';

/** Declares a test for each block of a page. The blocks run in their order on a machine that has nothing yet. */
export const followPage = (page: Document): void => {
  const blocks = blocksOf(page).filter(({ language, words }) => language === 'sh' && !words.includes('parse-only'));
  describe(page.path, () => {
    let world: DocsSandbox;
    /** Line of the block that failed. Later blocks depend on it. */
    let failedLine: number | null = null;
    beforeAll(async () => (world = await DocsSandbox.open()), 120_000);
    afterAll(() => world.close());

    it.each(blocks)(
      'runs the block at line $line in "$section"',
      async (block) => {
        expect(failedLine, 'the line at which this page broke').toBeNull();
        failedLine = block.line;
        if (block.words.includes('keep-running')) await world.keepRunning(block);
        else await world.run(block);
        failedLine = null;
      },
      120_000,
    );
  });
};

/** True if a page has a block that is run. */
export const isFollowed = (page: Document): boolean =>
  blocksOf(page).some(({ language, words }) => language === 'sh' && words.length === 0);
