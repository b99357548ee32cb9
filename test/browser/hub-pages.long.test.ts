import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as driver } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startLocalHub } from '../../dev/hub/index.js';
import { DEMO, seedHub } from '../../dev/sandbox/seed.js';
import { findChromium } from './chromium.js';

const chromium = await findChromium(process.env);

const CARD = `# A card

<script>document.title = 'ran'</script><img src="http://images.invalid/x.png">

| file | size |
|---|---|
| \`a\` | 1 |
`;

/** Limit of pages that the crawl may visit; the seeds have about forty. */
const MAX_PAGES = 100;

describe.skipIf(chromium === null)('the local hub in a browser', () => {
  it('shows a page behind every link, and neither runs scripts nor loads images of a card', async () => {
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
    const requestedUrls: string[] = [];
    const consoleMessages: string[] = [];
    page.on('request', (request) => requestedUrls.push(request.url()));
    page.on('console', (message) => consoleMessages.push(message.text()));

    const seen = new Set<string>();
    const pendingUrls = [`${hub.url}/`];
    for (let address = pendingUrls.shift(); address !== undefined; address = pendingUrls.shift()) {
      if (seen.has(address) || address.includes('/resolve/')) continue;
      seen.add(address);
      expect(seen.size).toBeLessThan(MAX_PAGES);
      const response = await page.goto(address);
      expect([address, response?.status(), await page.title()]).toEqual([address, 200, expect.not.stringMatching(/^ran$|^$/)]);
      const links = await page.locator('a').evaluateAll((found) => found.map((link) => (link as unknown as { href: string }).href));
      pendingUrls.push(...links.filter((link) => link.startsWith(hub.url)));
    }
    expect(seen.size).toBeGreaterThan(10);
    expect(requestedUrls.filter((address) => !address.startsWith(hub.url))).toEqual([]);

    await page.goto(`${hub.url}/${DEMO.mtp.source}`);
    expect(await page.getByRole('heading', { name: 'A card' }).isVisible()).toBe(true);
    expect(await page.locator('table').first().getByRole('cell', { name: 'a', exact: true }).isVisible()).toBe(true);
    expect(await page.getByText("<script>document.title = 'ran'</script>").isVisible()).toBe(true);
    // The page's own policy has not refused our style. Chromium itself requests an icon, which does not exist.
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('960px');
    expect(consoleMessages.filter((text) => !text.includes('404'))).toEqual([]);
  }, 60_000);
});
