import { expect, it } from 'vitest';
import { findReviewer, starterName } from '../../../client/publish/reviewer.js';
import { Output } from '../../../client/output/output.js';
import { isKnownPerson } from '../../../plan/reviewer.js';

const discard = { write: () => true };
const context = (env: NodeJS.ProcessEnv) => ({
  env,
  signal: new AbortController().signal,
  out: new Output({ out: discard, err: discard }, { json: false, colour: false }),
});

it('strips invisible characters from a name given by hand', async () => {
  expect(await findReviewer(' ad\u200ba ', context({}))).toEqual({ reviewer: 'ada' });
});

it('refuses a name of only invisible characters', async () => {
  await expect(findReviewer('\u200b', context({}))).rejects.toMatchObject({ code: 'client/nameless' });
});

it('marks the login as a starter, and does not treat it as a known person', async () => {
  const starter = starterName(await findReviewer(undefined, context({ HF_TOKEN: '', HF_HOME: '/nowhere' })));
  expect(starter).toMatch(/ \(login\)$/);
  expect(isKnownPerson(starter)).toBe(false);
  expect(starterName({ reviewer: 'ada', identity: 'hub' })).toBe('ada');
});
