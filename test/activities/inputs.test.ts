import { asyncLocalStorage } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { activityBoundary } from '../../activities/boundary.js';
import { INPUTS } from '../../activities/inputs.js';
import { redactor } from '../../core/redact.js';

/** Runs an activity of this name behind the boundary and returns its argument. */
const argumentOf = async (activityType: string, argument: unknown): Promise<unknown> => {
  const context = { info: { activityType }, cancellationSignal: new AbortController().signal, log: { error: () => undefined } };
  const { inbound } = activityBoundary(redactor([]))(context as never);
  const run = (): Promise<unknown> => inbound!.execute!({ args: [argument], headers: {} }, (input) => Promise.resolve(input.args[0]));
  return asyncLocalStorage.run(context as never, run);
};

describe('the argument of an activity', () => {
  it.each(Object.keys(INPUTS).map((name) => [name]))('is refused by %s when it is invalid, with the reason', async (name) => {
    for (const nonsense of [undefined, null, 7, { nonsense: true }])
      await expect(argumentOf(name, nonsense)).rejects.toMatchObject({
        type: 'activity/input',
        nonRetryable: true,
        message: expect.stringMatching(new RegExp(`^${name} cannot use this input: .+`)),
      });
  });

  it('reaches the activity when it is valid', async () => {
    expect(await argumentOf('freeHost', { holder: 'target/a/b', recipeDigest: `sha256:${'a'.repeat(64)}`, what: 'slot' })).toEqual({
      holder: 'target/a/b',
      recipeDigest: `sha256:${'a'.repeat(64)}`,
      what: 'slot',
    });
  });
});
