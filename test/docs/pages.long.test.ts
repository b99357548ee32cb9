import { expect, it } from 'vitest';
import { readDocuments } from '../support/documents.js';
import { followPage, isFollowed } from './follow.js';

const pages = (await readDocuments()).filter((page) => page.path !== 'README.md' && isFollowed(page));

it('at least two pages are followed', () => {
  expect(pages.length).toBeGreaterThan(1);
});

for (const page of pages) followPage(page);
