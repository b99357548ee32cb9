import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import { MEMO_KEY, type PublishMemo, type TargetMemo } from '../contract/memo.js';
import { SwpStage } from '../contract/search-attributes.js';
import type { Stage } from '../contract/stages.js';

/** Publishes the state of a workflow, so that it can be read without a worker: its stage as search attribute, the rest as memo. */
export class PublishedState<Memo extends PublishMemo | TargetMemo> {
  private since = new Date();
  private written = '';

  /** @param shown the stage with which the workflow was started */
  constructor(private shown: Stage) {}

  get stage(): Stage {
    return this.shown;
  }

  /** Writes what has changed since the last call. Returns true if the stage has changed. */
  write(stage: Stage, state: Omit<Memo, 'since'>): boolean {
    const isNew = stage !== this.shown;
    if (isNew) {
      this.shown = stage;
      this.since = new Date();
      upsertSearchAttributes([{ key: SwpStage, value: stage }]);
    }
    const memo = { since: this.since.toISOString(), ...state };
    const text = JSON.stringify(memo);
    if (text !== this.written) {
      this.written = text;
      upsertMemo({ [MEMO_KEY]: memo });
    }
    return isNew;
  }
}
