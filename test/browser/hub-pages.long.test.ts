import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as driver } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startLocalHub } from '../../dev/hub/index.js';
import { DEMO, seedHub } from '../../dev/world/seed.js';
import { findChromium } from './chromium.js';

const chromium = await findChromium(process.env);

const CARD = `# A card

<script>document.title = 'ran'</script><img src="http://images.invalid/x.png">

| file | size |
|---|---|
| \`a\` | 1 |
`;

/** Pages that a walk may visit: the seeds have some forty. */
const MOST_PAGES = 100;

describe.skipIf(chromium === null)('in a browser the local hub', () => {
  it('shows a page behind every link, and runs and loads nothing of what a card says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'swp-pages-'));
    const hub = await startLocalHub({ directory });
    const browser = await driver.launch({ executablePath: chromium ?? '', args: ['--no-sandbox'] });
    onTestFinished(async () => {
      await browser.close();
      await hub.close();
      await rm(directory, { recursive: true, force: true });
    });
    await seedHub(hub);
    await hub.admin.commitFiles(DEMO.mtp.source, new Map([['README.md', Buffer.from(CARD)]]), { message: 'A card' });
    const page = await browser.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));

    const seen = new Set<string>();
    const waiting = [`${hub.url}/`];
    for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
      if (seen.has(address) || address.includes('/resolve/')) continue;
      seen.add(address);
      expect(seen.size).toBeLessThan(MOST_PAGES);
      const response = await page.goto(address);
      expect([address, response?.status(), await page.title()]).toEqual([address, 200, expect.not.stringMatching(/^ran$|^$/)]);
      const links = await page.locator('a').evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
      waiting.push(...links.filter((link) => link.startsWith(hub.url)));
    }
    expect(seen.size).toBeGreaterThan(10);
    expect(asked.filter((address) => !address.startsWith(hub.url))).toEqual([]);

    await page.goto(`${hub.url}/${DEMO.mtp.source}`);
    expect(await page.getByRole('heading', { name: 'A card' }).isVisible()).toBe(true);
    expect(await page.locator('table').first().getByRole('cell', { name: 'a', exact: true }).isVisible()).toBe(true);
    expect(await page.getByText("<script>document.title = 'ran'</script>").isVisible()).toBe(true);
    // The style counts as ours: the page's own policy has not refused it. Chromium asks for an icon by itself.
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('960px');
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  }, 60_000);
});
