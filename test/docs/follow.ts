import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, type Document } from '../support/documents.js';
import { DocsWorld } from './world.js';

/** Declares a test for each block of a page: they are followed from the first line to the last, on a machine that has nothing yet. */
export const followPage = (page: Document): void => {
  const blocks = blocksOf(page).filter(({ language, words }) => language === 'sh' && !words.includes('parse-only'));
  describe(page.path, () => {
    let world: DocsWorld;
    /** The line at which the page broke: the blocks behind it need what did not happen. */
    let broken: number | null = null;
    beforeAll(async () => (world = await DocsWorld.open()), 120_000);
    afterAll(() => world.close());

    it.each(blocks)(
      'does what line $line says, in "$section"',
      async (block) => {
        expect(broken, 'the line at which this page broke').toBeNull();
        broken = block.line;
        if (block.words.includes('keep-running')) await world.keepRunning(block);
        else await world.run(block);
        broken = null;
      },
      120_000,
    );
  });
};

/** Whether a page holds a block that is run. */
export const isFollowed = (page: Document): boolean =>
  blocksOf(page).some(({ language, words }) => language === 'sh' && words.length === 0);
