import { expect, it } from 'vitest';
import { findReviewer, starterName } from '../../../client/publish/reviewer.js';
import { Output } from '../../../client/output/output.js';
import { isKnownPerson } from '../../../plan/reviewer.js';

const nowhere = { write: () => true };
const context = (env: NodeJS.ProcessEnv) => ({
  env,
  signal: new AbortController().signal,
  out: new Output({ out: nowhere, err: nowhere }, { json: false, colour: false }),
});

it('a name given by hand loses what cannot be seen in it', async () => {
  expect(await findReviewer(' ad\u200ba ', context({}))).toEqual({ reviewer: 'ada' });
});

it('a name of nothing that can be seen is refused', async () => {
  await expect(findReviewer('\u200b', context({}))).rejects.toMatchObject({ code: 'client/nameless' });
});

it('a start by the login of a machine says so, and names no known person', async () => {
  const starter = starterName(await findReviewer(undefined, context({ HF_TOKEN: '', HF_HOME: '/nowhere' })));
  expect(starter).toMatch(/ \(login\)$/);
  expect(isKnownPerson(starter)).toBe(false);
  expect(starterName({ reviewer: 'ada', identity: 'hub' })).toBe('ada');
});
