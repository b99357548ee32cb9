import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, readDocuments } from '../support/documents.js';
import { DocsWorld } from './world.js';

const DOCUMENTS = (await readDocuments())
  .map((document) => ({ path: document.path, blocks: blocksOf(document).filter(({ language }) => language === 'sh') }))
  .filter(({ blocks }) => blocks.some(({ words }) => words.length === 0));

it('many blocks of code are followed', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(1);
});

/** From the first line to the last, as a person would who has nothing yet: each page on a machine of its own. */
describe.each(DOCUMENTS)('$path', ({ blocks }) => {
  let world: DocsWorld;
  /** The line at which the page broke: what comes behind it needs what did not happen. */
  let broken: number | null = null;
  beforeAll(async () => (world = await DocsWorld.open()), 120_000);
  afterAll(() => world.close());

  it.each(blocks.filter(({ words }) => !words.includes('parse-only')))(
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
