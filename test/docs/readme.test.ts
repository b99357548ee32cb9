import { expect, it } from 'vitest';
import { readDocuments } from '../support/documents.js';
import { followPage, isFollowed } from './follow.js';

const readme = (await readDocuments()).filter(({ path }) => path === 'README.md');

it('the README is followed', () => {
  expect(readme.map(isFollowed)).toEqual([true]);
});

for (const page of readme) followPage(page);
