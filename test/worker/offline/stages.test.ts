import { describe, expect, it } from 'vitest';
import { watchStages } from '../../../worker/observe/watch-stages.js';

/** Watches the stages for this many rounds of counting. */
const watched = async (rounds: number, answer: (query: string, round: number) => number) => {
  const stop = new AbortController();
  const counts = new Map<string, number>();
  const queries: string[] = [];
  const warnings: object[] = [];
  let round = 0;
  await watchStages({
    count: (query) => {
      queries.push(query);
      if (query.includes("'planning'")) round += 1;
      if (round > rounds) stop.abort();
      return new Promise((resolve) => resolve(answer(query, round)));
    },
    taskQueue: "o'queue",
    publishes: { set: (value: number, tags: { stage: string }) => void counts.set(tags.stage, value) } as never,
    logger: { warn: (fields: object) => void warnings.push(fields) } as never,
    stop: stop.signal,
    everyMs: 1,
  });
  return { counts, queries, warnings };
};

describe('the count of publishes by stage', () => {
  it('includes each open stage, even one without publishes', async () => {
    const { counts } = await watched(1, (query) => (query.includes("'needs-attention'") ? 2 : 0));
    expect(Object.fromEntries(counts)).toMatchObject({ 'needs-attention': 2, 'awaiting-approval': 0, uploading: 0 });
  });

  it('queries only this task queue and escapes its name', async () => {
    const { queries } = await watched(1, () => 0);
    expect(queries[0]).toBe("CloseTime IS NULL AND WorkflowType = 'publishEntry' AND TaskQueue = 'o\\'queue' AND SwpStage = 'planning'");
  });

  it('counts each stage in only one type of workflow', async () => {
    const { queries } = await watched(1, () => 0);
    const typeOf = (stage: string) => /WorkflowType = '(\w+)'/.exec(queries.find((query) => query.includes(`'${stage}'`)) ?? '')?.[1];
    expect(['awaiting-approval', 'needs-attention', 'uploading', 'awaiting-release'].map(typeOf)).toEqual([
      'publishEntry',
      'publishEntry',
      'publishArtifact',
      'publishArtifact',
    ]);
  });

  it('continues after failed queries and warns once', async () => {
    const { counts, warnings } = await watched(3, (_query, round) => {
      if (round < 3) throw new Error('no server');
      return 1;
    });
    expect(warnings).toEqual([{ error: 'no server' }]);
    expect(counts.get('planning')).toBe(1);
  });
});
