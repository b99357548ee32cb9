import { describe, expect, it } from 'vitest';
import { validateCard } from '../../hub/write/validate-card.js';
import { config, startTestHub, signal, tiny } from './support.js';

const GOOD = '---\nlicense: apache-2.0\n---\n# A model\n';

describe('the check of a card by the Hub', () => {
  it('accepts a good card, and reports errors and warnings of bad ones', async () => {
    const test = await startTestHub();
    try {
      expect(await validateCard(test.client, GOOD, { signal })).toEqual({ errors: [], warnings: [] });
      expect((await validateCard(test.client, '# No front matter\n', { signal })).warnings).toHaveLength(1);
      expect((await validateCard(test.client, '---\nlicense: [\n---\n', { signal })).errors.length).toBeGreaterThan(0);
    } finally {
      await test.close();
    }
  });

  it.each([404, 405, 501])('is skipped when a server answers %i', async (status) => {
    const server = await tiny((_request, response) => response.writeHead(status).end());
    try {
      expect(await validateCard(config(server.url), GOOD, { signal })).toEqual({ errors: [], warnings: [] });
    } finally {
      await server.close();
    }
  });

  it('keeps a message on one line', async () => {
    const server = await tiny((_request, response) =>
      response.writeHead(400).end(JSON.stringify({ errors: [{ message: 'bad\n\u001b[2Jlicense' }] })),
    );
    try {
      expect((await validateCard(config(server.url), GOOD, { signal })).errors).toEqual([expect.not.stringMatching(/\p{Cc}/u)]);
    } finally {
      await server.close();
    }
  });
});
